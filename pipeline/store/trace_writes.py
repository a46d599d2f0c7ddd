"""Traces, their chunks and their links to sessions as rows.

In: traces with what a commit adds to them. Out: bodies in the body store, rows of `traces`,
`trace_chunks` and `session_traces`. Next: `session_spans` reads the spans of one session.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, update

from pipeline.model.trace_chunk import Outline
from pipeline.store.bodies import BodyStore
from pipeline.store.dialect import execute_many
from pipeline.store.name_keys import TRACES
from pipeline.store.plain_sql import insert_rows
from pipeline.store.schema import session_traces, trace_chunks, traces
from pipeline.store.traces import Trace


class Link(NamedTuple):
    """Whether a session has spans in a trace."""

    session_ref: int
    trace_ref: int
    holds: bool
    is_new: bool = False
    """The trace is: nothing links it yet."""


def write_traces(
    connection: Connection, bodies: BodyStore, changed: Sequence[tuple[Trace, Outline, int]]
) -> None:
    """The added chunks, and what the traces look like with them.

    Bodies are kept in the order of the traces, in which they came: what belongs together comes together.
    Rows go in by their ids.
    """
    new = sorted([_new_row(*one) for one in changed if one[0].is_new], key=_BY_ID)
    insert_rows(connection, traces, new)
    TRACES.add(connection, [(t.key[0], t.ref) for t, _, _ in changed if t.is_new])
    known = [_known_row(*one) for one in changed if not one[0].is_new]
    if known:
        execute_many(connection, _UPDATE_TRACE, known)
    places = iter(bodies.append(connection, [c.pieces for t, _, _ in changed for c in t.added]))
    chunks = [
        (trace.ref, n, chunk.n_spans, *next(places), chunk.keys)
        for trace, _, _ in changed
        for n, chunk in enumerate(trace.added, trace.n_chunks)
    ]
    chunks.sort(key=_BY_ID)
    insert_rows(connection, trace_chunks, chunks)


def write_links(connection: Connection, links: Sequence[Link]) -> None:
    """Sessions that turned up in a trace, and those that have left it."""
    first = sorted([link[:2] for link in links if link.holds and link.is_new])
    insert_rows(connection, session_traces, first)
    held = [link[:2] for link in links if link.holds and not link.is_new]
    insert_rows(connection, session_traces, held, unless_there=True)
    left = [{"session": s, "trace": t} for s, t, holds, _ in links if not holds]
    if left:
        execute_many(connection, _UNLINK, left)


def _new_row(trace: Trace, outline: Outline, n_session_ids: int) -> tuple[Any, ...]:
    """In the order of the table's columns."""
    counts = (n_session_ids, trace.n_held, trace.n_chunks + len(trace.added))
    return (trace.ref, *trace.key, *counts, *outline)


def _known_row(trace: Trace, outline: Outline, n_session_ids: int) -> dict[str, Any]:
    return {
        "ref": trace.ref,
        "ids": n_session_ids,
        "spans": trace.n_held,
        "chunks": trace.n_chunks + len(trace.added),
        "session": outline.own_session,
        "project": outline.own_project,
        "fallback": outline.fallback,
        "is_mixed": outline.mixed,
    }


_BY_ID = itemgetter(0)
_UPDATE_TRACE = (
    update(traces)
    .where(traces.c.id == bindparam("ref"))
    .values(
        n_session_ids=bindparam("ids"),
        n_spans=bindparam("spans"),
        n_chunks=bindparam("chunks"),
        own_session=bindparam("session"),
        own_project=bindparam("project"),
        fallback_project=bindparam("fallback"),
        mixed=bindparam("is_mixed"),
    )
)
_UNLINK = (
    delete(session_traces)
    .where(session_traces.c.session_ref == bindparam("session"))
    .where(session_traces.c.trace_ref == bindparam("trace"))
)
