"""The keys of a received span that decide its home.

In: nothing. Out: `SpanKeys`, `Home`. Next: `pipeline.store.homes` turns the keys of one trace into
homes.
"""

from typing import NamedTuple


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
