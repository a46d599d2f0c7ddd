"""Spans go in: known ones are recognised, whole traces get their homes anew, sessions are told.

In: batches of `SpanRecord` within one transaction, and the pure resolver. Out: one `CommitResult` a
batch. Next: `sessions` raises versions, `attachment` lets signals follow.

The stored state is a function of the set of spans, not of their order: of two contents of one span
the later end wins, then the greater bytes; homes are resolved over all spans of a trace.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, update

from pipeline.model.nudge import CommitResult, Nudge
from pipeline.model.span_record import Resolver, SpanRecord
from pipeline.store.attachment import follow_spans
from pipeline.store.dialect import lock_ingest
from pipeline.store.packing import digest_of
from pipeline.store.schema import traces
from pipeline.store.sessions import add_spans, find_or_make, names_of, raise_versions
from pipeline.store.span_writes import Placed, write_spans
from pipeline.store.traces import Known, Trace, TraceKey, load_traces, rank


@dataclass(slots=True)
class Tally:
    """Counts of one batch."""

    n_new: int = 0
    n_duplicate: int = 0
    n_replaced: int = 0
    n_conflicts: int = 0
    nudges: list[Nudge] = field(default_factory=list[Nudge])

    def result(self) -> CommitResult:
        """As the caller gets it."""
        return CommitResult(
            n_new=self.n_new,
            n_duplicate=self.n_duplicate,
            n_replaced=self.n_replaced,
            n_conflicts=self.n_conflicts,
            nudges=tuple(self.nudges),
        )


def commit_spans(
    connection: Connection,
    batches: Sequence[Sequence[SpanRecord]],
    resolve: Resolver,
    now: int,
) -> list[CommitResult]:
    """Store all batches; one result each."""
    lock_ingest(connection, alone=False)
    known = load_traces(connection, {(r.trace_id, r.scope) for batch in batches for r in batch})
    tallies = [merge_batch(connection, known, batch, i) for i, batch in enumerate(batches)]
    changed = [trace for trace in known.values() if trace.owner is not None]
    if changed:
        owners, deltas, ids = settle(connection, changed, resolve, now)
        count_conflicts(connection, changed, tallies)
        add_spans(connection, deltas)
        moved = follow_spans(connection, {t.key[0] for t in changed}, ids, deltas)
        nudges = raise_versions(connection, {*owners, *moved}, now)
        first = min(t.owner for t in changed if t.owner is not None)
        for ref, nudge in nudges.items():
            tallies[owners.get(ref, first)].nudges.append(nudge)
    return [tally.result() for tally in tallies]


def merge_batch(
    connection: Connection, known: Mapping[TraceKey, Trace], batch: Sequence[SpanRecord], owner: int
) -> Tally:
    """Take the batch into the known traces, in memory."""
    tally = Tally()
    for record in batch:
        trace = known[record.trace_id, record.scope]
        digest = digest_of(record.body, record.resource, record.scope_info)
        fresh = Known.of(record, digest)
        old = trace.spans.get(record.span_id)
        if old is None:
            tally.n_new += 1
        elif old.digest == digest and old.keys == fresh.keys and old.end == fresh.end:
            tally.n_duplicate += 1
            continue
        else:
            tally.n_replaced += 1
            if rank(connection, fresh) <= rank(connection, old):
                continue
            fresh.id, fresh.session_ref = old.id, old.session_ref
            if old.keys.own_session:
                trace.left_ids.add(old.keys.own_session)
        trace.spans[record.span_id] = fresh
        trace.owner = owner if trace.owner is None else trace.owner
    return tally


def settle(
    connection: Connection, changed: Sequence[Trace], resolve: Resolver, now: int
) -> tuple[dict[int, int], Counter[int], set[str]]:
    """Give every span of the changed traces its home and write what is new or moved.

    Returns the touched sessions with the batch that touched each first, the spans that each gained
    or lost, and all session ids that play a part.
    """
    homes = [resolve([span.keys for span in trace.spans.values()]) for trace in changed]
    refs = find_or_make(connection, {home for one in homes for home in one.values()}, now)
    owners: dict[int, int] = {}
    deltas: Counter[int] = Counter()
    left: set[int] = set()
    placed: list[Placed] = []
    moved: list[dict[str, int]] = []
    for trace, home_of in zip(changed, homes, strict=True):
        owner = trace.owner or 0
        for span_id, span in trace.spans.items():
            ref = refs[home_of[span_id]]
            if span.record is None and ref == span.session_ref:
                continue
            owners[ref] = min(owner, owners.get(ref, owner))
            if ref != span.session_ref:
                deltas[ref] += 1
                if span.session_ref is not None:
                    deltas[span.session_ref] -= 1
                    owners.setdefault(span.session_ref, owner)
                    left.add(span.session_ref)
            if span.record is not None:
                placed.append(Placed(span.record, span.digest, span.id, trace.ref, ref))
            else:
                moved.append({"moved_id": span.id or 0, "ref": ref})
    write_spans(connection, placed, moved)
    ids = {home.session_id for one in homes for home in one.values()}
    ids.update(home.session_id for home in names_of(connection, sorted(left)).values())
    ids.update(*(trace.left_ids for trace in changed))
    ids.update(s.keys.own_session for t in changed for s in t.spans.values() if s.keys.own_session)
    return owners, deltas, ids


def count_conflicts(
    connection: Connection, changed: Sequence[Trace], tallies: Sequence[Tally]
) -> None:
    """Traces in which a second session id turned up."""
    changes: list[dict[str, int]] = []
    for trace in changed:
        n_ids = len({s.keys.own_session for s in trace.spans.values() if s.keys.own_session})
        if n_ids != trace.n_session_ids:
            changes.append({"trace": trace.ref, "n_ids": n_ids})
        if trace.n_session_ids < 2 <= n_ids:
            tallies[trace.owner or 0].n_conflicts += 1
    if changes:
        connection.execute(_COUNT_IDS, changes)


_COUNT_IDS = (
    update(traces).where(traces.c.id == bindparam("trace")).values(n_session_ids=bindparam("n_ids"))
)
