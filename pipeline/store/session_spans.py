"""The spans of one session, read from the chunks of the traces that it draws on.

In: a session within one read transaction. Out: its spans. Next: the analysis, the canonical export.

The keys say which spans are wanted and where they are; of the bodies only those that hold one are
read, one at a time. The time it takes grows with the session's traces and with nothing else.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import nsmallest
from typing import NamedTuple

from sqlalchemy import Connection, select

from pipeline.model.span import Span
from pipeline.model.span_keys import Home
from pipeline.store.bodies import BodyStore
from pipeline.store.chunk_body import split
from pipeline.store.chunk_keys import span_ids_of
from pipeline.store.schema import session_traces
from pipeline.store.span_codec import decode_span, n_values, n_values_in
from pipeline.store.traces import Member, Trace, members_of, traces_of

BYTES_A_VALUE = 40
"""What each value counts at least: two bytes on the wire become a hundred or more when they are read."""


class Wanted(NamedTuple):
    """A span of the session, by its keys."""

    start: int
    span_id: bytes
    trace_ref: int
    member: Member


class Stored(NamedTuple):
    """A span of the session, by its bytes."""

    trace: Trace
    span_id: bytes
    span: bytes
    resource: bytes
    scope_info: bytes


def session_traces_of(connection: Connection, session_ref: int) -> list[Trace]:
    """The traces that the session has spans in."""
    mine = select(session_traces.c.trace_ref).where(session_traces.c.session_ref == session_ref)
    return traces_of(connection, connection.execute(mine).scalars())


def wanted_spans(traces: Sequence[Trace], home: Home) -> Iterator[Wanted]:
    """The spans of these traces that belong there."""
    for trace in traces:
        packed = [chunk.keys for chunk in trace.stored]
        for member in members_of(trace.key[0], packed, trace.outline):
            if member.home == home:
                yield Wanted(member.start, member.span_id, trace.ref, member)


def stored_spans(
    connection: Connection,
    bodies: BodyStore,
    session_ref: int,
    home: Home,
    max_spans: int | None = None,
) -> Iterator[Stored]:
    """The spans of a session, chunk by chunk; the first ones by start if there are too many."""
    traces = session_traces_of(connection, session_ref)
    wanted = wanted_spans(traces, home)
    if max_spans is not None:
        wanted = iter(nsmallest(max_spans, wanted, key=lambda span: span[:3]))
    places: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for span in wanted:
        places[span.trace_ref][span.member.chunk].add(span.member.at)
    for trace in traces:
        chunks = sorted(places[trace.ref])
        read = bodies.read(connection, [trace.stored[n].place for n in chunks])
        for n, body in zip(chunks, read, strict=True):
            yield from _of_chunk(trace, n, body, places[trace.ref][n])


def _of_chunk(trace: Trace, n: int, body: bytes, places: set[int]) -> Iterator[Stored]:
    ids, at = span_ids_of(trace.stored[n].keys), 0
    for group in split(body):
        for span in group.spans:
            if at in places:
                yield Stored(trace, ids[at], span, group.resource, group.scope_info)
            at += 1


def read_spans(
    connection: Connection,
    bodies: BodyStore,
    session_ref: int,
    home: Home,
    max_spans: int | None,
    max_bytes: int | None = None,
) -> list[Span]:
    """The spans as the analysis sees them, by (start, trace id, span id); no more than so many bytes."""
    n_bytes = 0
    resources: set[bytes] = set()
    found: list[Span] = []
    for s in stored_spans(connection, bodies, session_ref, home, max_spans):
        span = decode_span(s.span, s.resource, s.scope_info)
        n_bytes += max(len(s.span), BYTES_A_VALUE * n_values(span))
        if s.resource not in resources:
            resources.add(s.resource)
            n_bytes += max(len(s.resource), BYTES_A_VALUE * n_values_in(span.resource))
        if max_bytes is not None and n_bytes > max_bytes:
            break
        # Of an id that stands twice in one span that one counts by which it is filed.
        named = {"trace_id": s.trace.key[0], "span_id": s.span_id.hex()}
        alike = (span.trace_id, span.span_id) == tuple(named.values())
        found.append(span if alike else span.model_copy(update=named))
    found.sort(key=lambda span: (span.start, span.trace_id, span.span_id))
    return found
