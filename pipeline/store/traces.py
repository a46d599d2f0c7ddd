"""Whole traces in memory: the keys of their stored spans, into which new ones are taken.

In: keys of traces within one transaction. Out: `Trace`s of `Known` spans, and which of two contents of
one span wins. Next: `spans` takes batches in and gives every span its home.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, tuple_

from pipeline.model.span_record import SpanKeys, SpanRecord
from pipeline.store.chunks import chunked
from pipeline.store.dialect import insert
from pipeline.store.packing import unpack
from pipeline.store.schema import spans, traces
from pipeline.store.span_writes import load_contents

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
