"""A batch taken into the known traces: what is new, what is known, what has another content.

In: chunks of one batch and the traces they belong to. Out: the traces with what is to be stored, and
a `Tally`. Next: `spans` gives every span its home and writes.

A chunk of spans that are all unknown is taken as it is. Only where an id is known already are contents
read back and compared: of two the later end wins, then the greater bytes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import Connection

from pipeline.model.nudge import CommitResult, Nudge
from pipeline.model.trace_chunk import ChunkKeys, TraceChunk
from pipeline.store.bodies import BodyStore, Place
from pipeline.store.chunk_body import only, split
from pipeline.store.chunk_keys import chunk_of, only_keys, span_ids_of, unpack_keys
from pipeline.store.traces import Trace, TraceKey


@dataclass(slots=True)
class Tally:
    """Counts of one batch."""

    n_new: int = 0
    n_duplicate: int = 0
    n_replaced: int = 0
    n_conflicts: int = 0
    n_expired: int = 0
    n_late: int = 0
    n_reopened: int = 0
    nudges: list[Nudge] = field(default_factory=list[Nudge])

    def result(self) -> CommitResult:
        """As the caller gets it."""
        return CommitResult(
            n_new=self.n_new,
            n_duplicate=self.n_duplicate,
            n_replaced=self.n_replaced,
            n_conflicts=self.n_conflicts,
            n_expired=self.n_expired,
            n_late=self.n_late,
            n_reopened=self.n_reopened,
            nudges=tuple(self.nudges),
        )


class Content(NamedTuple):
    """All that is stored of one span."""

    end: int
    span: bytes
    resource: bytes
    scope_info: bytes
    routing: tuple[str, str, str]

    def canonical(self) -> "Content":
        """The greater one wins: the later end, then the greater bytes, then where it says it belongs."""
        return self._replace(span=canonical_span(self.span))


def canonical_span(span: bytes) -> bytes:
    """The same bytes for the same span: encoders differ in what they write of empty fields."""
    return Span.FromString(span).SerializeToString(deterministic=True)


def merge_batch(
    connection: Connection,
    bodies: BodyStore,
    known: Mapping[TraceKey, Trace],
    batch: Sequence[TraceChunk],
    owner: int,
) -> Tally:
    """Take the batch into the known traces, in memory."""
    tally = Tally()
    traces = [known[chunk.trace_id, chunk.scope] for chunk in batch]
    alike = [_alike(*pair) for pair in zip(traces, batch, strict=True)]
    read = bodies.read(connection, list(chain.from_iterable(alike)))
    for trace, chunk, places in zip(traces, batch, alike, strict=True):
        if not places and _is_new(trace, chunk):
            tally.n_new += chunk.n_spans
            taken = chunk
        elif _is_there(trace, chunk, islice(read, len(places))):
            tally.n_duplicate += chunk.n_spans
            continue
        else:
            ids = set(span_ids_of(chunk.keys))
            current: dict[bytes, Content] = {}
            for part in _parts(connection, bodies, trace, ids):
                current.update((i, content) for i, content in _read(*part) if i in ids)
            taken = _compare(trace, chunk, current, tally)
        if taken is not None:
            trace.take(taken)
            trace.owner = owner if trace.owner is None else trace.owner
    return tally


def _alike(trace: Trace, chunk: TraceChunk) -> list[Place]:
    """Stored bodies that may be this chunk's."""
    if not trace.stored:
        return []
    same_keys = [stored.place for stored in trace.stored if stored.keys == chunk.keys]
    if not same_keys:
        return []
    n_bytes = sum(map(len, chunk.pieces))
    return [place for place in same_keys if place.length == n_bytes]


def _is_new(trace: Trace, chunk: TraceChunk) -> bool:
    """Whether none of its spans is known."""
    return chunk.distinct and (trace.is_empty or trace.ids.isdisjoint(span_ids_of(chunk.keys)))


def _is_there(trace: Trace, chunk: TraceChunk, stored: Iterable[bytes]) -> bool:
    """Whether the chunk is there just so: what a sender that missed the answer sends again. All of `stored`
    is read: the next chunk's follow."""
    body = chunk.body
    n_same = sum(one == body for one in stored)
    return n_same > 0 or any(chunk.keys == c.keys and c.body == body for c in trace.added)


def _parts(
    connection: Connection, bodies: BodyStore, trace: Trace, wanted: set[bytes]
) -> Iterator[tuple[ChunkKeys, bytes]]:
    """Keys and body of every chunk that holds one of the spans, in order."""
    holding = [c for c in trace.stored if not wanted.isdisjoint(span_ids_of(c.keys))]
    read = bodies.read(connection, [chunk.place for chunk in holding])
    for chunk, body in zip(holding, read, strict=True):
        yield unpack_keys(chunk.keys), body
    for added in trace.added:
        if not wanted.isdisjoint(span_ids_of(added.keys)):
            yield unpack_keys(added.keys), added.body


def _read(keys: ChunkKeys, body: bytes) -> Iterator[tuple[bytes, Content]]:
    """Each span of a chunk with its content, in order."""
    at = 0
    for group in split(body):
        for span in group.spans:
            routing = (keys.own_sessions[at] or "", keys.own_projects[at] or "", keys.fallbacks[at])
            content = Content(keys.ends[at], span, group.resource, group.scope_info, routing)
            yield keys.span_ids[at], content
            at += 1


def _compare(
    trace: Trace, chunk: TraceChunk, current: dict[bytes, Content], tally: Tally
) -> TraceChunk | None:
    """What of the chunk is to be stored, if any."""
    keys = unpack_keys(chunk.keys)
    kept: dict[bytes, int] = {}
    known: dict[bytes, Content] = {}  # each is read once, however often its id comes
    for at, (span_id, content) in enumerate(_read(keys, chunk.body)):
        old = current.get(span_id)
        if old is None:
            tally.n_new += 1
        elif old == content:
            tally.n_duplicate += 1
            continue
        else:
            new = content.canonical()
            stored = known.get(span_id) or old.canonical()
            known[span_id] = max(stored, new)
            if new == stored:
                tally.n_duplicate += 1
                continue
            tally.n_replaced += 1
            if new < stored:
                continue
            trace.replaced = True
            if old.routing[0]:
                trace.left_ids |= {old.routing[0]}
        current[span_id] = content
        kept[span_id] = at
    if not kept:
        return None
    places = sorted(kept.values())
    if len(places) == chunk.n_spans:
        return chunk
    return chunk_of(chunk.scope, chunk.trace_id, only_keys(keys, places), only(chunk.body, places))
