"""Spans of removed sessions are taken out of their traces.

In: the sessions that go, within one transaction that commits spans alone. Out: `Taken`. Next: `removal`
removes the rest of the sessions.

A trace that belongs to nobody else goes as a whole. What stays of the others is written anew: homes
are resolved over the spans that are stored, so a span may move when its ancestor goes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select

from pipeline.model.span_keys import Home
from pipeline.model.trace_chunk import TraceChunk
from pipeline.store.bodies import BodyStore, Place
from pipeline.store.chunk_body import only
from pipeline.store.chunk_keys import chunk_of, only_keys, unpack_keys
from pipeline.store.chunks import chunked
from pipeline.store.name_keys import TRACES
from pipeline.store.schema import session_traces, trace_chunks, traces
from pipeline.store.sessions import place_spans
from pipeline.store.tombstones import (
    Name,
    Tombstone,
    parted_name,
    signals_name,
    span_name,
    trace_name,
)
from pipeline.store.trace_writes import Link, write_links, write_traces
from pipeline.store.traces import Member, Trace, members_of, traces_of, whole_outline


@dataclass(slots=True)
class Taken:
    """What went, and what it touched."""

    n_spans: Counter[Home] = field(default_factory=Counter[Home])
    newest: dict[Home, int] = field(default_factory=dict[Home, int])
    n_bytes: int = 0
    places: list[Place] = field(default_factory=list[Place])
    """Of the bodies."""
    buried: dict[Name, Tombstone] = field(default_factory=dict[Name, Tombstone])
    trace_ids: set[str] = field(default_factory=set[str])
    session_ids: set[str] = field(default_factory=set[str])
    deltas: dict[int, int] = field(default_factory=dict[int, int])
    """Rows of other sessions, and how many spans they gained or lost."""
    whole: list[int] = field(default_factory=list[int])
    """Rows of traces of which nothing is left."""


def take_spans(
    connection: Connection,
    bodies: BodyStore,
    gone: Mapping[Home, int],
    now: int,
    *,
    forgotten: bool,
) -> Taken:
    """Remove the spans of these sessions, given with their rows."""
    taken = Taken()
    for trace in _traces_of(connection, list(gone.values())):
        members = members_of(trace.key[0], [c.keys for c in trace.stored], trace.outline)
        leaving = [member for member in members if member.home in gone]
        for member in leaving:
            taken.n_spans[member.home] += 1
            taken.newest[member.home] = max(member.start, taken.newest.get(member.home, 0))
        staying = [member for member in members if member.home not in gone]
        rest = list(_rest(connection, bodies, trace, staying))
        _let_go(connection, trace, taken)
        if rest:
            _write_rest(connection, bodies, trace, rest, staying, taken, now)
            _bury_spans(trace, leaving, taken, forgotten=forgotten)
        else:
            _bury(trace, leaving, taken, forgotten=forgotten)
    bodies.delete(connection, taken.places)
    for refs in chunked(sorted(gone.values())):
        connection.execute(delete(session_traces).where(session_traces.c.session_ref.in_(refs)))
    TRACES.drop(connection, taken.whole)
    for refs in chunked(sorted(taken.whole)):
        connection.execute(delete(traces).where(traces.c.id.in_(refs)))
    return taken


def _traces_of(connection: Connection, refs: Sequence[int]) -> Iterator[Trace]:
    """The traces that these sessions have spans in, a bounded number at a time."""
    drawn: set[int] = set()
    for piece in chunked(sorted(refs)):
        mine = select(session_traces.c.trace_ref).where(session_traces.c.session_ref.in_(piece))
        drawn.update(connection.execute(mine).scalars())
    for piece in chunked(sorted(drawn)):
        yield from traces_of(connection, piece)


def _rest(
    connection: Connection, bodies: BodyStore, trace: Trace, staying: Sequence[Member]
) -> Iterator[TraceChunk]:
    """The chunks anew, with what stays of each."""
    scope, trace_id = trace.key[1], trace.key[0]
    places: dict[int, list[int]] = {}
    for member in staying:
        places.setdefault(member.chunk, []).append(member.at)
    ordered = sorted(places)
    read = bodies.read(connection, [trace.stored[n].place for n in ordered])
    for n, body in zip(ordered, read, strict=True):
        at = sorted(places[n])
        keys = only_keys(unpack_keys(trace.stored[n].keys), at)
        yield chunk_of(scope, trace_id, keys, only(body, at))


def _let_go(connection: Connection, trace: Trace, taken: Taken) -> None:
    places = [chunk.place for chunk in trace.stored]
    taken.n_bytes += sum(place.length for place in places)
    taken.trace_ids.add(trace.key[0])
    taken.places += places
    connection.execute(delete(trace_chunks).where(trace_chunks.c.trace_ref == trace.ref))


def _bury(trace: Trace, leaving: Sequence[Member], taken: Taken, *, forgotten: bool) -> None:
    trace_id, scope = trace.key
    stone = Tombstone(max((member.start for member in leaving), default=0), 0, forgotten)
    taken.buried[trace_name(scope, trace_id)] = stone
    for home in {member.home for member in leaving}:
        taken.buried[signals_name(home.project, trace_id)] = stone
    taken.whole.append(trace.ref)


def _bury_spans(trace: Trace, leaving: Sequence[Member], taken: Taken, *, forgotten: bool) -> None:
    """One by one: the trace goes on, and only their ids tell them from what is still to come."""
    trace_id, scope = trace.key
    stones = {
        span_name(scope, trace_id, member.span_id): Tombstone(member.start, 0, forgotten)
        for member in leaving
    }
    newest = max(stone.newest_start for stone in stones.values())
    taken.buried |= {parted_name(scope, trace_id): Tombstone(newest, 0, forgotten), **stones}


def _write_rest(
    connection: Connection,
    bodies: BodyStore,
    trace: Trace,
    rest: list[TraceChunk],
    staying: Sequence[Member],
    taken: Taken,
    now: int,
) -> None:
    packed = [chunk.keys for chunk in rest]
    outline, own_ids = whole_outline(packed)
    before = {member.span_id: member.home for member in staying}
    after = {m.span_id: m.home for m in members_of(trace.key[0], packed, outline)}
    deltas: Counter[Home] = Counter()
    for span_id, home in after.items():
        deltas[home] += home != before[span_id]
        deltas[before[span_id]] -= home != before[span_id]
    placed = place_spans(connection, deltas, now)
    trace.stored = []
    trace.keep(rest)
    write_traces(connection, bodies, [(trace, outline, len(own_ids))])
    held = set(after.values())
    links = [Link(ref, trace.ref, home in held) for home, ref in placed.refs.items()]
    write_links(connection, links)
    taken.n_bytes -= sum(len(chunk.body) for chunk in rest)
    taken.session_ids |= {home.session_id for home in deltas} | own_ids
    for ref, delta in placed.deltas.items():
        if delta:
            taken.deltas[ref] = taken.deltas.get(ref, 0) + delta
