"""Spans of removed sessions that are delivered again are dropped, and counted as expired.

In: batches before they are taken in; homes after they are resolved. Out: the batches without what is
expired. Next: `spans` stores the rest.

A removed trace is known by its id, whatever of it comes first. A span of another trace is known by the
session in which it would lie, and by its own id where others still have spans in its trace: without
its ancestors, which may be gone too, it would lie with those.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from pipeline.model.span_keys import Home
from pipeline.model.trace_chunk import TraceChunk
from pipeline.store.chunk_body import only
from pipeline.store.chunk_keys import chunk_of, only_keys, span_ids_of, unpack_keys
from pipeline.store.tombstones import (
    Name,
    Tombstone,
    find,
    parted_name,
    session_name,
    span_name,
    trace_name,
)
from pipeline.store.traces import Trace, members_of

Batches = Sequence[Sequence[TraceChunk]]


def without_removed(
    connection: Connection, batches: Batches, now: int
) -> tuple[Batches, list[int]]:
    """The batches without spans that are known as removed, and how many each lost."""
    chunks = [chunk for batch in batches for chunk in batch]
    stones = _stones_of(connection, chunks, now)
    if not stones:
        return batches, [0] * len(batches)
    kept = [[c for chunk in batch if (c := _without_removed(chunk, stones))] for batch in batches]
    return kept, [n_spans(b) - n_spans(k) for b, k in zip(batches, kept, strict=True)]


def _stones_of(
    connection: Connection, chunks: Sequence[TraceChunk], now: int
) -> dict[Name, Tombstone]:
    """The tombstones of their traces, and of their spans where a trace lost some."""
    traces = {name(c.scope, c.trace_id) for c in chunks for name in (trace_name, parted_name)}
    stones = find(connection, traces, now)
    parted = [c for c in chunks if parted_name(c.scope, c.trace_id) in stones]
    spans = {span_name(c.scope, c.trace_id, i) for c in parted for i in span_ids_of(c.keys)}
    return stones | (find(connection, spans, now) if spans else {})


def _without_removed(chunk: TraceChunk, stones: Mapping[Name, Tombstone]) -> TraceChunk | None:
    scope, trace_id = chunk.scope, chunk.trace_id
    whole = stones.get(trace_name(scope, trace_id))
    left = chunk if whole is None else newer_than(chunk, whole.newest_start)
    if left is None or parted_name(scope, trace_id) not in stones:
        return left
    ids = enumerate(span_ids_of(left.keys))
    return without(left, {at for at, i in ids if span_name(scope, trace_id, i) in stones})


def removed_sessions(
    connection: Connection, homes: Iterable[Home], now: int
) -> dict[Home, Tombstone]:
    """Those of the sessions that were removed once."""
    names = {session_name(home.project, home.session_id): home for home in homes}
    return {names[name]: stone for name, stone in find(connection, names, now).items()}


def drop_expired(trace: Trace, stones: Mapping[Home, Tombstone]) -> int:
    """Take the spans that belong to a removed session out of what is to be added; their number."""
    packed = [c.keys for c in trace.stored] + [c.keys for c in trace.added]
    n_stored, before = len(trace.stored), n_spans(trace.added)
    drop: dict[int, set[int]] = {}
    for member in members_of(trace.key[0], packed):
        stone = stones.get(member.home)
        if stone and member.chunk >= n_stored and member.start <= stone.newest_start:
            drop.setdefault(member.chunk - n_stored, set()).add(member.at)
    chunks = [without(chunk, drop.get(n, set())) for n, chunk in enumerate(trace.added)]
    trace.keep(chunk for chunk in chunks if chunk is not None)
    return before - n_spans(trace.added)


def newer_than(chunk: TraceChunk, start: int) -> TraceChunk | None:
    """The spans that began later; None if there is none."""
    starts = unpack_keys(chunk.keys).starts
    return without(chunk, {at for at, begun in enumerate(starts) if begun <= start})


def without(chunk: TraceChunk, drop: set[int]) -> TraceChunk | None:
    """The chunk without the spans at these places; None if nothing is left."""
    if not drop:
        return chunk
    keep = [at for at in range(chunk.n_spans) if at not in drop]
    if not keep:
        return None
    keys = only_keys(unpack_keys(chunk.keys), keep)
    return chunk_of(chunk.scope, chunk.trace_id, keys, only(chunk.body, keep))


def n_spans(chunks: Iterable[TraceChunk]) -> int:
    """Spans in all of them."""
    return sum(chunk.n_spans for chunk in chunks)
