"""One received span on its way into the store, and what a commit says back.

In: `exporter.decode` makes `SpanRecord`s. Out: `SpanKeys` for the resolver, `Home` from it,
`CommitResult` with the nudges to send after the ack. Next: `pipeline.store` keeps the spans.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pipeline.model.frozen import Frozen
from pipeline.model.session import SessionKey


class SpanRecord(Frozen):
    """A span as received; (scope, trace_id, span_id) is its key.

    `scope` is the tenant or key that admitted it. Ids are lower-case hex, `parent_id` is None at a
    root, times are Unix nanoseconds. `own_session` and `own_project` stand on the span itself;
    `fallback_project` is what resource, baggage, header or default say. `body`, `resource` and
    `scope_info` are the serialised OTLP Span, Resource and InstrumentationScope.
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
    """What the resolver sees of a span (a tuple, for there are very many)."""

    trace_id: str
    span_id: str
    parent_id: str | None
    start: int
    own_session: str | None
    own_project: str | None
    fallback_project: str


class Home(NamedTuple):
    """Where a span belongs."""

    project: str
    session_id: str


Resolver = Callable[[Sequence[SpanKeys]], Mapping[str, Home]]
"""All span keys of one trace -> home by span id. Pure, and blind to the order of its input."""


class Nudge(Frozen):
    """One session whose workflow must hear of `version`."""

    key: SessionKey
    version: int


class CommitResult(Frozen):
    """What a commit changed. `nudges` are to be sent after the ack.

    `n_replaced` counts known ids that came with other content, whichever content won;
    `n_conflicts` counts traces in which a second session id turned up.
    """

    n_new: int = 0
    n_duplicate: int = 0
    n_replaced: int = 0
    n_conflicts: int = 0
    nudges: tuple[Nudge, ...] = ()
