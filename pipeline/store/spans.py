"""Spans go in: known ones are recognised, whole traces get their homes anew, sessions are told.

In: batches of `TraceChunk` within one transaction. Out: one `CommitResult` a batch. Next: `sessions`
raises versions, `attachment` lets signals follow.

The stored state is a function of the set of spans, not of their order: of two contents of one span
the later end wins, then the greater bytes; homes are resolved over all spans of a trace.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Connection

from pipeline.model.nudge import CommitResult
from pipeline.model.span_keys import Home
from pipeline.model.trace_chunk import Outline, TraceChunk
from pipeline.store.attachment import follow_spans
from pipeline.store.bodies import BodyStore
from pipeline.store.chunk_keys import home_of, join_outlines
from pipeline.store.dialect import lock_ingest
from pipeline.store.expiry import drop_expired, removed_sessions, without_removed
from pipeline.store.glance import glance
from pipeline.store.intake import Tally, merge_batch
from pipeline.store.sessions import Placed, Raised, place_spans, raise_versions
from pipeline.store.tombstones import Tombstone
from pipeline.store.trace_writes import Link, write_links, write_traces
from pipeline.store.traces import Trace, load_traces, members_of, whole_outline


@dataclass(slots=True)
class Change:
    """What a commit changes of one trace."""

    trace: Trace
    outline: Outline
    n_session_ids: int
    deltas: dict[Home, int]
    """Spans that each home gained or lost; a touched home stands here with 0 at least."""
    new: Mapping[Home, int] | None = None
    """Spans that were never there before, where they have several homes."""
    left: Set[Home] = frozenset()
    """Homes that no span of the trace has any more."""
    named: Set[str] = frozenset()
    """Session ids that play a part beside those of its homes."""

    def session_ids(self) -> Set[str]:
        """All that play a part: signals that name them may have to follow."""
        return {home.session_id for home in self.deltas} | self.named | self.trace.left_ids


def commit_spans(
    connection: Connection,
    bodies: BodyStore,
    batches: Sequence[Sequence[TraceChunk]],
    now: int,
    *,
    claim: bool = False,
) -> list[CommitResult]:
    """Store all batches; one result each."""
    lock_ingest(connection, alone=False)
    seen = glance(connection)
    expired = [0] * len(batches)
    if seen.buried:
        batches, expired = without_removed(connection, batches, now)
    keys = dict.fromkeys((chunk.trace_id, chunk.scope) for batch in batches for chunk in batch)
    known = load_traces(connection, keys, claim=claim)
    tallies = [merge_batch(connection, bodies, known, batch, i) for i, batch in enumerate(batches)]
    for tally, n_expired in zip(tallies, expired, strict=True):
        tally.n_expired = n_expired
    changes = [change_of(trace) for trace in known.values() if trace.owner is not None]
    stones: Mapping[Home, Tombstone] = {}
    if seen.buried:
        homes = {home for change in changes for home in change.deltas}
        stones = removed_sessions(connection, homes, now)
        left = [_without_expired(change, stones, tallies) for change in changes]
        changes = [change for change in left if change is not None]
    if changes:
        settle(connection, bodies, changes, tallies, now, stones, loose=seen.loose)
    return [tally.result() for tally in tallies]


def _without_expired(
    change: Change,
    stones: Mapping[Home, Tombstone],
    tallies: Sequence[Tally],
) -> Change | None:
    """The change without spans of removed sessions; None if nothing is left of it."""
    trace = change.trace
    if stones.keys().isdisjoint(change.deltas):
        return change
    tally = tallies[trace.owner or 0]
    dropped = drop_expired(trace, stones)
    tally.n_new -= min(dropped, tally.n_new)
    tally.n_expired += dropped
    return change_of(trace) if trace.added else None


def change_of(trace: Trace) -> Change:
    """What the added chunks make of the trace."""
    before = trace.outline
    if not trace.replaced and (before is None or not before.mixed):
        outline = before
        for added in trace.added:
            outline = added.outline if outline is None else join_outlines(outline, added.outline)
        if outline is not None and not outline.mixed:
            return _plain(trace, before, outline)
    return _resolved(trace)


def _plain(trace: Trace, before: Outline | None, outline: Outline) -> Change:
    """All spans of the trace have one home, and had one before."""
    home = home_of(outline, trace.key[0])
    change = Change(trace, outline, int(outline.own_session is not None), {home: trace.n_held})
    if before is not None:
        left = home_of(before, trace.key[0])
        change.deltas[left] = change.deltas.get(left, 0) - trace.n_spans
        change.left = {left} - {home}
    return change


def _resolved(trace: Trace) -> Change:
    """Each span's home, before and after."""
    trace_id = trace.key[0]
    stored, added = [c.keys for c in trace.stored], [c.keys for c in trace.added]
    old = {m.span_id: m.home for m in members_of(trace_id, stored, trace.outline)}
    outline, own_ids = whole_outline([*stored, *added])
    members = members_of(trace_id, [*stored, *added], outline)
    deltas: Counter[Home] = Counter()
    new: Counter[Home] = Counter()
    for member in members:
        was = old.get(member.span_id)
        if was != member.home:
            deltas[member.home] += 1
            if was is None:
                new[member.home] += 1
            else:
                deltas[was] -= 1
        elif member.chunk >= len(stored):
            deltas[member.home] += 0
    change = Change(trace, outline, len(own_ids), deltas, new)
    homes = {member.home for member in members}
    change.left = set(old.values()) - homes
    change.named = {home.session_id for home in homes} | own_ids
    return change


def new_spans(change: Change) -> Mapping[Home, int]:
    """Spans that were never there before, by home; asked for only where some are late."""
    if change.new is not None:
        return change.new
    trace = change.trace
    return {home_of(change.outline, trace.key[0]): trace.n_held - trace.n_spans}


def settle(
    connection: Connection,
    bodies: BodyStore,
    changes: Sequence[Change],
    tallies: Sequence[Tally],
    now: int,
    stones: Mapping[Home, Tombstone],
    *,
    loose: bool,
) -> None:
    """Write what is new, and tell the sessions."""
    deltas: dict[Home, int] = {}
    owners: dict[Home, int] = {}
    for change in changes:
        owner = change.trace.owner or 0
        for home, delta in change.deltas.items():
            deltas[home] = deltas.get(home, 0) + delta
            owners[home] = min(owner, owners.get(home, owner))
    versions = {home: stone.version for home, stone in stones.items()}
    placed = place_spans(connection, deltas, now, versions)
    refs = placed.refs
    write_traces(connection, bodies, [(c.trace, c.outline, c.n_session_ids) for c in changes])
    write_links(
        connection,
        [
            Link(refs[home], c.trace.ref, home not in c.left, c.trace.is_new)
            for c in changes
            for home in c.deltas
        ],
    )
    moved = set[int]()
    if loose or placed.lost:
        ids = set[str]().union(*(change.session_ids() for change in changes))
        names = {change.trace.key[0] for change in changes}
        moved = follow_spans(connection, names, ids, placed.deltas)
    known = {refs[home] for home in owners} - placed.fresh.keys()
    raised = raise_versions(connection, known | (moved - placed.fresh.keys()), now)
    _tell(changes, tallies, owners, placed, raised)


def _tell(
    changes: Sequence[Change],
    tallies: Sequence[Tally],
    owners: Mapping[Home, int],
    placed: Placed,
    raised: Raised,
) -> None:
    """Each batch of the nudges that it sends, and of what it brought that is unusual."""
    refs = placed.refs
    first = min(owners.values())
    batch_of = {refs[home]: owner for home, owner in owners.items()}
    for ref, nudge in (*placed.fresh.items(), *raised.nudges.items()):
        tallies[batch_of.get(ref, first)].nudges.append(nudge)
    for change in changes:
        if change.trace.n_session_ids < 2 <= change.n_session_ids:
            tallies[change.trace.owner or 0].n_conflicts += 1
    if raised.analysed:
        tallies[first].n_reopened += raised.n_reopened
        for change in changes:
            late = (n for home, n in new_spans(change).items() if refs[home] in raised.analysed)
            tallies[change.trace.owner or 0].n_late += sum(late)
