"""Whole traces in memory: what is stored of them, and what a commit takes in.

In: keys of traces within one transaction. Out: `Trace`s; the rows of their chunks. Next: `intake` takes
batches in, `spans` gives every span its home.
"""

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from pipeline.model.span_keys import Home
from pipeline.model.trace_chunk import ChunkKeys, Outline, TraceChunk
from pipeline.store.bodies import Place
from pipeline.store.chunk_keys import home_of, outline_of, span_ids_of, span_keys, unpack_keys
from pipeline.store.homes import resolve
from pipeline.store.name_keys import TRACES
from pipeline.store.plain_sql import insert_rows, rows_in
from pipeline.store.row_ids import new_ids
from pipeline.store.schema import traces

TraceKey = tuple[str, str]
"""(trace id, scope)."""


class StoredChunk(NamedTuple):
    """A row of `trace_chunks`."""

    n: int
    place: Place
    keys: bytes


@dataclass(slots=True)
class Trace:
    """One trace, with its stored chunks and the new ones that a commit adds."""

    key: TraceKey
    ref: int
    is_new: bool = True
    n_spans: int = 0
    n_chunks: int = 0
    n_session_ids: int = 0
    outline: Outline | None = None
    stored: Sequence[StoredChunk] = ()
    added: list[TraceChunk] = field(default_factory=list[TraceChunk])
    n_held: int = 0
    """Spans with those that are added, each id once."""
    owner: int | None = None
    """The batch that changed it first: it sends the nudges."""
    replaced: bool = False
    left_ids: Set[str] = frozenset()
    """Session ids that a replaced content named."""
    _ids: set[bytes] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it holds no span yet."""
        return not self.added and not self.stored

    @property
    def ids(self) -> set[bytes]:
        """Of all its spans. Most traces come once and whole, and nobody asks for theirs."""
        if self._ids is None:
            packed = [*(c.keys for c in self.stored), *(c.keys for c in self.added)]
            self._ids = {span_id for keys in packed for span_id in span_ids_of(keys)}
        return self._ids

    def take(self, chunk: TraceChunk) -> None:
        """Add a chunk."""
        if chunk.distinct and self.is_empty:
            self.n_held = chunk.n_spans
        else:
            self.ids.update(span_ids_of(chunk.keys))
            self.n_held = len(self.ids)
        self.added.append(chunk)

    def keep(self, chunks: Iterable[TraceChunk]) -> None:
        """Have these in place of the added ones."""
        self.added = list(chunks)
        self._ids = None
        self.n_held = len(self.ids)


class Member(NamedTuple):
    """One span as its keys tell of it: in which chunk of the trace, and where in there."""

    chunk: int
    at: int
    start: int
    span_id: bytes
    home: Home


def load_traces(
    connection: Connection, keys: Collection[TraceKey], *, claim: bool = False
) -> dict[TraceKey, Trace]:
    """The traces with the keys of all their stored spans, in the order given; unknown ones are made, in memory.

    Another process may be making the same one: whose row comes second is refused, and tried again. To
    claim them first costs a row more, and is worth it only where that happens, which is on PostgreSQL.
    """
    if claim and connection.dialect.name == "postgresql":
        claim_traces(connection, sorted(keys))
    found = find_traces(connection, keys)
    load_chunks(connection, found.values())
    missing = sorted(key for key in keys if key not in found)
    for key, ref in zip(missing, new_ids(connection, traces, len(missing)), strict=True):
        found[key] = Trace(key, ref)
    return {key: found[key] for key in keys}


def claim_traces(connection: Connection, keys: Sequence[TraceKey]) -> None:
    """Rows of traces that another transaction may be making too: who comes second waits for it."""
    ids = new_ids(connection, traces, len(keys))
    rows = [(ref, *key, 0, 0, 0, None, None, "", False) for ref, key in zip(ids, keys, strict=True)]
    if rows:
        insert_rows(connection, traces, rows, unless_there=True)


def find_traces(
    connection: Connection, keys: Collection[TraceKey], *, lock: bool = True
) -> dict[TraceKey, Trace]:
    """Those of the traces that are known; the lock serialises commits on one trace."""
    names = sorted({trace_id for trace_id, _ in keys})
    found = TRACES.rows(connection, _COLUMNS, names, lock=lock)
    return {trace.key: trace for trace in map(_trace, found) if trace.key in keys}


def traces_of(connection: Connection, refs: Iterable[int]) -> list[Trace]:
    """The traces of these rows, with their stored chunks, as a reader sees them."""
    chosen = f"SELECT {_COLUMNS} FROM traces WHERE id {{values}} ORDER BY id"
    found = rows_in(connection, chosen, sorted(refs))
    traces = [_trace(row) for row in found]
    load_chunks(connection, traces)
    return traces


_COLUMNS = (
    "trace_id, scope, id, n_spans, n_chunks, n_session_ids,"
    " own_session, own_project, fallback_project, mixed"
)


def _trace(row: Sequence[Any]) -> Trace:
    trace_id, scope, ref, n_spans, n_chunks, n_ids, session, project, fallback, mixed = row
    known = Outline(session, project, fallback, bool(mixed)) if n_chunks else None
    key = (trace_id, scope)
    return Trace(key, ref, False, n_spans, n_chunks, n_ids, known, n_held=n_spans)


def load_chunks(connection: Connection, wanted: Iterable[Trace]) -> None:
    """Give the traces their stored chunks, in order."""
    by_ref = {trace.ref: trace for trace in wanted}
    stored: dict[int, list[StoredChunk]] = {ref: [] for ref in by_ref}
    for ref, n, segment, offset, length, keys in rows_in(connection, _CHUNKS, sorted(by_ref)):
        stored[ref].append(StoredChunk(n, Place(segment, offset, length), bytes(keys)))
    for ref, chunks in stored.items():
        by_ref[ref].stored = chunks


_CHUNKS = (
    'SELECT trace_ref, n, segment, "offset", length, span_keys FROM trace_chunks'
    " WHERE trace_ref {values} ORDER BY trace_ref, n"
)


def members_of(
    trace_id: str, packed: Sequence[bytes], outline: Outline | None = None
) -> list[Member]:
    """Every span of the trace once, with its home; of two contents the later one counts.

    With an outline that is not mixed the homes need no resolving.
    """
    keys = [unpack_keys(chunk) for chunk in packed]
    latest: dict[bytes, tuple[int, int]] = {}
    for n, chunk in enumerate(keys):
        for at, span_id in enumerate(chunk.span_ids):
            latest[span_id] = (n, at)
    if outline is None or outline.mixed:
        homes = _resolved(trace_id, keys, latest)
    else:
        homes = dict.fromkeys(latest, home_of(outline, trace_id))
    return [
        Member(n, at, keys[n].starts[at], span_id, homes[span_id])
        for span_id, (n, at) in latest.items()
    ]


def _resolved(
    trace_id: str, keys: Sequence[ChunkKeys], latest: dict[bytes, tuple[int, int]]
) -> dict[bytes, Home]:
    spelt = [list(span_keys(trace_id, chunk)) for chunk in keys]
    homes = resolve([spelt[n][at] for n, at in latest.values()])
    return {span_id: homes[span_id.hex()] for span_id in latest}


def whole_outline(packed: Sequence[bytes]) -> tuple[Outline, set[str]]:
    """What the spans of a trace have in common, replaced contents left out, and their session ids."""
    keys = [unpack_keys(chunk) for chunk in packed]
    latest: dict[bytes, tuple[int, int]] = {}
    for n, chunk in enumerate(keys):
        for at, span_id in enumerate(chunk.span_ids):
            latest[span_id] = (n, at)
    places = list(latest.values())
    columns = zip(*([column[at] for column in keys[n]] for n, at in places), strict=True)
    whole = ChunkKeys(*(list(column) for column in columns))
    return outline_of(whole), {session for session in whole.own_sessions if session}
