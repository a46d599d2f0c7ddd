"""A received span on its way into the store, and the keys that decide its home.

In: nothing. Out: `SpanRecord`, `SpanKeys`, `Home`, `Resolver`. Next: `exporter.decode` makes
records, `exporter.resolve` turns the keys of one trace into homes, the store keeps both.

These three are made once per received span, so they are named tuples: a pydantic model costs more
than decoding the span does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class SpanRecord(NamedTuple):
    """One received span. Ids are lower-case hex, times Unix nanoseconds below 2**63.

    `scope` is the admission scope (tenant), "" without keys. `fallback_project` is never empty:
    resource, baggage, header and default are folded into it. `body`, `resource` and `scope_info`
    are serialised OTLP messages: Span, Resource, InstrumentationScope.
    """

    scope: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start: int
    end: int
    own_session: str | None
    own_project: str | None
    fallback_project: str
    body: bytes
    resource: bytes
    scope_info: bytes


class SpanKeys(NamedTuple):
    """What the home of a span depends on: all `SpanKeys` of one trace decide together."""

    trace_id: str
    span_id: str
    parent_id: str | None
    start: int
    own_session: str | None
    own_project: str | None
    fallback_project: str


class Home(NamedTuple):
    """Where a span belongs: its project and the plain id of its session."""

    project: str
    session_id: str


Resolver = Callable[[Sequence[SpanKeys]], Mapping[str, Home]]
"""All stored span keys of one trace -> the home of each, by span id."""
