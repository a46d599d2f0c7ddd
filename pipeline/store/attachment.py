"""Which session a signal belongs to: a function of the stored spans, whatever came first.

In: signals, and traces and sessions that a commit changed. Out: `session_ref` of the signals, and the
sessions that gained or lost one. Next: `sessions` raises their versions.

A signal by session id belongs to that session if it has spans. Otherwise, and if it is by trace, it
follows spans: those of its trace, of the trace in a `trace:<id>` name, or of a trace that carries
its session id elsewhere. Among these it needs one whose home is the signal's project, or that would
be there but for an ancestor's word (a re-homed session's signals move along); the first by start
decides. A signal that finds nothing waits.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from pipeline.model.session import session_digest
from pipeline.model.span_keys import Home
from pipeline.store.chunk_keys import unpack_keys
from pipeline.store.chunks import chunked
from pipeline.store.name_keys import SESSIONS, TRACES
from pipeline.store.plain_sql import rows_in
from pipeline.store.schema import LOOSE, session_traces, sessions, signals, traces
from pipeline.store.sessions import digests_of, occupied, refs_of
from pipeline.store.traces import Trace, members_of, traces_of

TRACE_PREFIX = "trace:"
BY_SESSION, BY_TRACE, WAITING = "session", "trace", "none"


class Sought(NamedTuple):
    """What a signal says of its place, and where it is attached now."""

    id: int
    project: str
    session_id: str | None
    trace_id: str | None
    session_ref: int | None
    via: str


_SOUGHT = "SELECT id, project, session_id, trace_id, session_ref, via FROM signals"


def follow_spans(
    connection: Connection, trace_ids: Set[str], session_ids: Set[str], deltas: Mapping[int, int]
) -> set[int]:
    """Re-attach the signals that a commit of spans may concern; the sessions that changed by it."""
    named = session_ids | {TRACE_PREFIX + trace_id for trace_id in trace_ids}
    found: dict[int, Sought] = {}
    for where, values in (
        ("session_ref {values}", _emptied(connection, deltas)),
        (f"session_id {{values}} AND {LOOSE}", sorted(named)),
        (f"trace_id {{values}} AND {LOOSE}", sorted(trace_ids)),
    ):
        # Two commits may move one signal: who comes second sees what the first one stored.
        rows = rows_in(connection, f"{_SOUGHT} WHERE {where} ORDER BY id", values, lock=True)
        found.update((row[0], Sought(*row)) for row in rows)
    return attach(connection, found.values())


def _emptied(connection: Connection, deltas: Mapping[int, int]) -> list[int]:
    lost = sorted(ref for ref, delta in deltas.items() if delta < 0)
    empty: list[int] = []
    for piece in chunked(lost):
        gone = select(sessions.c.id).where(sessions.c.id.in_(piece), sessions.c.n_spans == 0)
        empty.extend(connection.execute(gone).scalars())
    return empty


def attach(connection: Connection, sought: Iterable[Sought]) -> set[int]:
    """Find each signal's session anew; the sessions that gained or lost one."""
    touched: set[int] = set()
    changes: list[dict[str, Any]] = []
    for signal in sought:
        ref, via = place_of(connection, signal)
        if (ref, via) == (signal.session_ref, signal.via):
            continue
        changes.append({"signal": signal.id, "ref": ref, "how": via})
        if ref != signal.session_ref:
            touched.update(r for r in (ref, signal.session_ref) if r is not None)
    if changes:
        moved = update(signals).where(signals.c.id == bindparam("signal"))
        moved = moved.values(session_ref=bindparam("ref"), via=bindparam("how"))
        connection.execute(moved, changes)
    return touched


def place_of(connection: Connection, signal: Sought) -> tuple[int | None, str]:
    """The session of a signal and how it was found."""
    if signal.session_id:
        ref = occupied(connection, signal.project, signal.session_id)
        if ref is not None:
            return ref, BY_SESSION
    for trace_refs in _candidate_traces(connection, signal):
        ref = _first_home(connection, signal.project, trace_refs)
        if ref is not None:
            return ref, BY_TRACE
    return None, WAITING


def _candidate_traces(connection: Connection, signal: Sought) -> Iterable[list[int]]:
    if signal.trace_id:
        yield _traces_named(connection, signal.trace_id)
    if signal.session_id:
        if signal.session_id.startswith(TRACE_PREFIX):
            yield _traces_named(connection, signal.session_id.removeprefix(TRACE_PREFIX))
        yield _traces_carrying(connection, signal.session_id)


def _traces_named(connection: Connection, trace_id: str) -> list[int]:
    return list(
        connection.execute(select(traces.c.id).where(TRACES.has(connection, [trace_id]))).scalars()
    )


def _traces_carrying(connection: Connection, session_id: str) -> list[int]:
    """A span with its own session id lies in a session of that id, in whichever project."""
    elsewhere = select(sessions.c.id).where(
        SESSIONS.has(connection, [session_digest(session_id)]), sessions.c.n_spans > 0
    )
    carrying = select(session_traces.c.trace_ref).distinct()
    carrying = carrying.where(session_traces.c.session_ref.in_(elsewhere))
    return list(connection.execute(carrying).scalars())


class _Span(NamedTuple):
    """A span that a signal may follow; the least one decides."""

    abroad: bool
    start: int
    span_id: bytes
    trace_id: str
    scope: str
    home: Home


def _first_home(connection: Connection, project: str, trace_refs: list[int]) -> int | None:
    best: _Span | None = None
    for piece in chunked(trace_refs):
        for trace in traces_of(connection, piece):
            for span in _candidates(trace, project):
                best = span if best is None else min(best, span)
    return None if best is None else refs_of(connection, digests_of([best.home]))[best.home]


def _candidates(trace: Trace, project: str) -> Iterator[_Span]:
    """Spans that are at home in the project, or would be but for an ancestor's word."""
    packed = [chunk.keys for chunk in trace.stored]
    keys = [unpack_keys(chunk) for chunk in packed]
    for chunk, at, start, span_id, home in members_of(trace.key[0], packed, trace.outline):
        own = keys[chunk].own_projects[at] or keys[chunk].fallbacks[at]
        if project in (home.project, own):
            yield _Span(home.project != project, start, span_id, *trace.key, home)
