"""Spans go in: known ones are recognised, whole traces get their homes anew, sessions are told.

In: batches of `SpanRecord` within one transaction, and the pure resolver. Out: one `CommitResult` a
batch. Next: `sessions` raises versions, `attachment` lets signals follow.

The stored state is a function of the set of spans, not of their order: of two contents of one span
the later end wins, then the greater bytes; homes are resolved over all spans of a trace.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select, tuple_, update

from pipeline.model.nudge import CommitResult, Nudge
from pipeline.model.span_record import Resolver, SpanKeys, SpanRecord
from pipeline.store.attachment import follow_spans
from pipeline.store.chunks import chunked
from pipeline.store.dialect import insert
from pipeline.store.packing import digest_of, pack, unpack
from pipeline.store.schema import contents, spans, traces
from pipeline.store.sessions import add_spans, find_or_make, names_of, raise_versions

TraceKey = tuple[str, str]
"""(trace id, scope)."""


@dataclass(slots=True)
class Known:
    """What decides about a span; `record` is set when its content is to be written."""

    keys: SpanKeys
    end: int
    digest: bytes
    id: int | None = None
    session_ref: int | None = None
    record: SpanRecord | None = None

    @classmethod
    def of(cls, record: SpanRecord, digest: bytes) -> "Known":
        """A span as it came."""
        keys = SpanKeys(
            record.trace_id,
            record.span_id,
            record.parent_id,
            record.start,
            record.own_session,
            record.own_project,
            record.fallback_project,
        )
        return cls(keys=keys, end=record.end, digest=digest, record=record)


@dataclass(slots=True)
class Trace:
    """All spans of one trace, stored ones and new ones."""

    key: TraceKey
    ref: int
    n_session_ids: int
    spans: dict[str, Known] = field(default_factory=dict[str, Known])
    owner: int | None = None
    """The batch that changed it first: it sends the nudges."""
    left_ids: set[str] = field(default_factory=set[str])
    """Session ids that a replaced content named."""


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


def load_traces(connection: Connection, keys: set[TraceKey]) -> dict[TraceKey, Trace]:
    """The traces with the keys of all their stored spans; unknown traces are made."""
    ordered = sorted(keys)
    if not ordered:
        return {}
    found = _find_traces(connection, ordered)
    missing = [key for key in ordered if key not in found]
    if missing:
        connection.execute(
            insert(connection, traces).on_conflict_do_nothing(),
            [{"trace_id": t, "scope": scope, "n_session_ids": 0} for t, scope in missing],
        )
        found.update(_find_traces(connection, missing))
    by_ref = {trace.ref: trace for trace in found.values()}
    for refs in chunked(sorted(by_ref)):
        for row in connection.execute(_LIGHT.where(spans.c.trace_ref.in_(refs))):
            trace = by_ref[row[0]]
            keys_of = SpanKeys(trace.key[0], row[1], row[2], row[3], row[4], row[5], row[6])
            trace.spans[row[1]] = Known(keys_of, row[7], row[8], row[9], row[10])
    return found


_LIGHT = select(
    spans.c.trace_ref,
    spans.c.span_id,
    spans.c.parent_id,
    spans.c.start,
    spans.c.own_session,
    spans.c.own_project,
    spans.c.fallback_project,
    spans.c.end,
    spans.c.digest,
    spans.c.id,
    spans.c.session_ref,
)


def _find_traces(connection: Connection, keys: Sequence[TraceKey]) -> dict[TraceKey, Trace]:
    columns = select(traces.c.trace_id, traces.c.scope, traces.c.id, traces.c.n_session_ids)
    found: dict[TraceKey, Trace] = {}
    for piece in chunked(keys):
        named = tuple_(traces.c.trace_id, traces.c.scope).in_(piece)
        # The lock serialises commits on one trace; SQLite has only one writer anyway.
        locked = columns.where(named).order_by(traces.c.id).with_for_update()
        for trace_id, scope, ref, n_ids in connection.execute(locked):
            key = (trace_id, scope)
            found[key] = Trace(key, ref, n_ids)
    return found


def merge_batch(
    connection: Connection, known: dict[TraceKey, Trace], batch: Sequence[SpanRecord], owner: int
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


def rank(connection: Connection, span: Known) -> tuple[Any, ...]:
    """The greater one wins: the later end, then the greater bytes, then where it says it belongs."""
    keys = span.keys
    routing = (keys.own_session or "", keys.own_project or "", keys.fallback_project)
    if span.record is not None:
        record = span.record
        return (span.end, record.body, record.resource, record.scope_info, *routing)
    stored = select(spans.c.body, spans.c.resource, spans.c.scope_info)
    row = connection.execute(stored.where(spans.c.id == span.id)).one()
    shared = load_contents(connection, {row.resource, row.scope_info})
    resource, scope_info = shared[row.resource], shared[row.scope_info]
    return (span.end, unpack(row.body), resource, scope_info, *routing)


def load_contents(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, bytes]:
    """Shared contents by digest."""
    found: dict[bytes, bytes] = {}
    for piece in chunked(sorted(set(digests))):
        wanted = contents.c.digest.in_(piece)
        for digest, body in connection.execute(
            select(contents.c.digest, contents.c.body).where(wanted)
        ):
            found[digest] = unpack(body)
    return found


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
    fresh: list[tuple[Known, int, int]] = []
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
                fresh.append((span, trace.ref, ref))
            else:
                moved.append({"moved_id": span.id or 0, "ref": ref})
    write_spans(connection, fresh, moved)
    ids = {home.session_id for one in homes for home in one.values()}
    ids.update(home.session_id for home in names_of(connection, sorted(left)).values())
    ids.update(*(trace.left_ids for trace in changed))
    ids.update(s.keys.own_session for t in changed for s in t.spans.values() if s.keys.own_session)
    return owners, deltas, ids


def write_spans(
    connection: Connection,
    fresh: Sequence[tuple[Known, int, int]],
    moved: Sequence[dict[str, int]],
) -> None:
    """New and replaced contents, and new homes of known ones."""
    shared: dict[bytes, bytes] = {}
    rows = [_row(span, trace_ref, ref, shared) for span, trace_ref, ref in fresh]
    if shared:
        connection.execute(
            insert(connection, contents).on_conflict_do_nothing(),
            [{"digest": digest, "body": pack(body)} for digest, body in sorted(shared.items())],
        )
    new = [row for row in rows if row["span_row"] is None]
    replaced = [row for row in rows if row["span_row"] is not None]
    if new:
        connection.execute(_INSERT, new)
    if replaced:
        connection.execute(_REPLACE, replaced)
    if moved:
        connection.execute(_MOVE, moved)


_CONTENT = {
    name: bindparam(f"new_{name}")
    for name in (
        *("parent_id", "start", "end", "own_session", "own_project", "fallback_project"),
        *("session_ref", "digest", "resource", "scope_info", "body"),
    )
}
_INSERT = spans.insert().values(
    trace_ref=bindparam("new_trace_ref"), span_id=bindparam("new_span_id"), **_CONTENT
)
_REPLACE = update(spans).where(spans.c.id == bindparam("span_row")).values(**_CONTENT)
_MOVE = (
    update(spans).where(spans.c.id == bindparam("moved_id")).values(session_ref=bindparam("ref"))
)


def _row(
    span: Known, trace_ref: int, session_ref: int, shared: dict[bytes, bytes]
) -> dict[str, Any]:
    record = span.record
    assert record is not None
    resource, scope_info = digest_of(record.resource), digest_of(record.scope_info)
    shared[resource], shared[scope_info] = record.resource, record.scope_info
    return {
        "span_row": span.id,
        "new_trace_ref": trace_ref,
        "new_span_id": record.span_id,
        "new_parent_id": record.parent_id,
        "new_start": record.start,
        "new_end": record.end,
        "new_own_session": record.own_session,
        "new_own_project": record.own_project,
        "new_fallback_project": record.fallback_project,
        "new_session_ref": session_ref,
        "new_digest": span.digest,
        "new_resource": resource,
        "new_scope_info": scope_info,
        "new_body": pack(record.body),
    }


def count_conflicts(
    connection: Connection, changed: Sequence[Trace], tallies: Sequence[Tally]
) -> None:
    """Traces in which a second session id turned up."""
    for trace in changed:
        n_ids = len({s.keys.own_session for s in trace.spans.values() if s.keys.own_session})
        if n_ids == trace.n_session_ids:
            continue
        if trace.n_session_ids < 2 <= n_ids:
            tallies[trace.owner or 0].n_conflicts += 1
        connection.execute(
            update(traces).where(traces.c.id == trace.ref).values(n_session_ids=n_ids)
        )
