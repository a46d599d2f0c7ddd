"""Traces, their chunks and their links to sessions as rows.

In: traces with what a commit adds to them. Out: bodies in the body store, rows of `traces`,
`trace_chunks` and `session_traces`. Next: `session_spans` reads the spans of one session.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.model.trace_chunk import Outline
from pipeline.store.bodies import BodyStore
from pipeline.store.dialect import execute_many
from pipeline.store.schema import session_traces, trace_chunks, traces
from pipeline.store.traces import Trace


class Link(NamedTuple):
    """Whether a session has spans in a trace."""

    session_ref: int
    trace_ref: int
    holds: bool


def write_traces(
    connection: Connection, bodies: BodyStore, changed: Sequence[tuple[Trace, Outline, int]]
) -> None:
    """The added chunks, and what the traces look like with them."""
    rows = [_trace_row(*one) for one in changed]
    new = [row for row, (trace, _, _) in zip(rows, changed, strict=True) if trace.is_new]
    known = [row for row, (trace, _, _) in zip(rows, changed, strict=True) if not trace.is_new]
    for statement, some in ((_INSERT_TRACE, new), (_UPDATE_TRACE, known)):
        if some:
            execute_many(connection, statement, some)
    places = iter(bodies.append(connection, [c.body for t, _, _ in changed for c in t.added]))
    chunks = [
        {
            "trace_ref": trace.ref,
            "n": n,
            "n_spans": len(chunk.span_ids),
            **next(places)._asdict(),
            "packed_keys": chunk.keys,
        }
        for trace, _, _ in changed
        for n, chunk in enumerate(trace.added, trace.n_chunks)
    ]
    execute_many(connection, _INSERT_CHUNK, chunks)


def forget_empty(connection: Connection, trace: Trace) -> None:
    """The row of a trace that was claimed, and of which nothing was stored."""
    if not trace.is_new and not trace.n_chunks:
        connection.execute(delete(traces).where(traces.c.id == trace.ref))


def write_links(connection: Connection, links: Sequence[Link]) -> None:
    """Sessions that turned up in a trace, and those that have left it."""
    held = [{"session_ref": s, "trace_ref": t} for s, t, holds in links if holds]
    left = [{"session": s, "trace": t} for s, t, holds in links if not holds]
    if held:
        execute_many(connection, _LINK[connection.dialect.name], held)
    if left:
        execute_many(connection, _UNLINK, left)


def _trace_row(trace: Trace, outline: Outline, n_session_ids: int) -> dict[str, Any]:
    return {
        "ref": trace.ref,
        "trace": trace.key[0],
        "of": trace.key[1],
        "ids": n_session_ids,
        "spans": len(trace.ids),
        "chunks": trace.n_chunks + len(trace.added),
        "session": outline.own_session,
        "project": outline.own_project,
        "fallback": outline.fallback,
        "is_mixed": outline.mixed,
    }


_STATE = {
    "n_session_ids": bindparam("ids"),
    "n_spans": bindparam("spans"),
    "n_chunks": bindparam("chunks"),
    "own_session": bindparam("session"),
    "own_project": bindparam("project"),
    "fallback_project": bindparam("fallback"),
    "mixed": bindparam("is_mixed"),
}
_INSERT_TRACE = traces.insert().values(
    id=bindparam("ref"), trace_id=bindparam("trace"), scope=bindparam("of"), **_STATE
)
_UPDATE_TRACE = update(traces).where(traces.c.id == bindparam("ref")).values(**_STATE)
_INSERT_CHUNK = trace_chunks.insert().values({c.name: bindparam(c.name) for c in trace_chunks.c})
_LINK = {
    name: one(session_traces)
    .values({c.name: bindparam(c.name) for c in session_traces.c})
    .on_conflict_do_nothing()
    for name, one in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_UNLINK = (
    delete(session_traces)
    .where(session_traces.c.session_ref == bindparam("session"))
    .where(session_traces.c.trace_ref == bindparam("trace"))
)
