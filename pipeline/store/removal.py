"""Whole sessions are removed, with all that was made of them.

In: rows of sessions within one transaction. Out: `Removed`. Next: `retention` removes what is old,
`kelet-sidecar delete` what somebody names.

What goes: spans, signals, stage results, the session row, memberships, the session itself. What stays
is a tombstone, and the quotes in findings, unless the session is to be forgotten. The agents of a
removed row are aggregated anew.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, select

from pipeline.model.removal import Removed
from pipeline.model.session import session_digest
from pipeline.model.span_keys import Home
from pipeline.store.agents import raise_epochs
from pipeline.store.attachment import follow_spans
from pipeline.store.bodies import BodyStore
from pipeline.store.chunks import chunked
from pipeline.store.dialect import lock_ingest, lock_project
from pipeline.store.forgetting import forget_quotes
from pipeline.store.interrogations import drop_interrogations
from pipeline.store.model_schema import interrogations
from pipeline.store.name_keys import SESSIONS
from pipeline.store.schema import (
    cluster_members,
    session_agents,
    session_rows,
    sessions,
    signals,
    stage_results,
)
from pipeline.store.sessions import raise_versions
from pipeline.store.span_removal import take_spans
from pipeline.store.tombstones import Name, Tombstone, bury, session_name

DERIVED = (stage_results, session_rows, session_agents, cluster_members, interrogations)


def remove_sessions(
    connection: Connection,
    bodies: BodyStore,
    refs: Collection[int],
    now: int,
    *,
    forgotten: bool = False,
    silent_since: int | None = None,
) -> Removed:
    """Remove those of the sessions that are there, and silent since then if that is asked for."""
    lock_ingest(connection, alone=True)
    rows = _locked(connection, refs, silent_since)
    gone = {Home(row.project, row.session_id): row.id for row in rows}
    taken = take_spans(connection, bodies, gone, now, forgotten=forgotten)
    agents = _agents_of(connection, sorted(gone.values()))
    n_signals = _drop_signals(connection, gone, taken.trace_ids if forgotten else ())
    drop_interrogations(connection, gone.values())
    n_rows = sum(_drop(connection, table.c.session_ref, gone.values()) for table in DERIVED)
    SESSIONS.drop(connection, gone.values())
    _drop(connection, sessions.c.id, gone.values())
    for project, names in sorted(agents.items()):
        raise_epochs(connection, project, names, now, orphaned=True)
    stones: dict[Name, Tombstone] = dict(taken.buried)
    for row in rows:
        newest = taken.newest.get(Home(row.project, row.session_id))
        if newest is not None:
            name = session_name(row.project, row.session_id)
            stones[name] = Tombstone(newest, row.version, forgotten)
    bury(connection, stones, now)
    moved = follow_spans(connection, set(), taken.session_ids, taken.deltas)
    raise_versions(connection, {*taken.deltas, *moved}, now)
    return Removed(
        n_sessions=len(rows),
        n_spans=taken.n_spans.total(),
        n_bytes=taken.n_bytes,
        n_signals=n_signals,
        n_rows=n_rows,
    )


def forget_sessions(
    connection: Connection, bodies: BodyStore, named: Sequence[tuple[str, str]], now: int
) -> Removed:
    """Remove sessions, given as (project, session id), and what is left of those that are gone."""
    refs = [row.id for project, name in named for row in known_as(connection, name, project)]
    removed = remove_sessions(connection, bodies, refs, now, forgotten=True)
    gone = {Home(*name): 0 for name in named}
    left = Removed(
        n_signals=_drop_signals(connection, gone, ()), n_quoting=_forget(connection, gone)
    )
    return removed + left


def _locked(
    connection: Connection, refs: Collection[int], silent_since: int | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    found: list[Any] = []
    columns = select(sessions.c.id, sessions.c.project, sessions.c.session_id, sessions.c.version)
    for piece in chunked(sorted(set(refs))):
        chosen = columns.where(sessions.c.id.in_(piece)).order_by(sessions.c.id)
        if silent_since is not None:
            chosen = chosen.where(sessions.c.last_seen <= silent_since)
        found.extend(connection.execute(chosen.with_for_update()).all())
    return found


def _agents_of(connection: Connection, refs: Sequence[int]) -> dict[str, set[str]]:
    named: dict[str, set[str]] = defaultdict(set)
    for piece in chunked(refs):
        acting = session_agents.c.session_ref.in_(piece)
        columns = select(session_agents.c.project, session_agents.c.agent).distinct()
        for project, agent in connection.execute(columns.where(acting)):
            named[project].add(agent)
    return named


def _drop_signals(connection: Connection, gone: dict[Home, int], trace_ids: Collection[str]) -> int:
    """The sessions' own, and those that wait under their names."""
    dropped = _drop(connection, signals.c.session_ref, gone.values())
    loose = signals.c.session_ref.is_(None)
    for project in sorted({home.project for home in gone}):
        ids = sorted(home.session_id for home in gone if home.project == project)
        for column, values in (
            (signals.c.session_id, ids),
            (signals.c.trace_id, sorted(trace_ids)),
        ):
            for piece in chunked(values):
                waiting = and_(signals.c.project == project, loose, column.in_(piece))
                dropped += connection.execute(delete(signals).where(waiting)).rowcount
    return dropped


def _drop(connection: Connection, column: Any, values: Collection[int]) -> int:
    dropped = 0
    for piece in chunked(sorted(values)):
        dropped += connection.execute(delete(column.table).where(column.in_(piece))).rowcount
    return dropped


def _forget(connection: Connection, gone: dict[Home, int]) -> int:
    by_project: dict[str, set[str]] = defaultdict(set)
    for home in gone:
        by_project[home.project].add(home.session_id)
    n_quoting = 0
    for project, ids in sorted(by_project.items()):
        lock_project(connection, project)
        n_quoting += forget_quotes(connection, project, ids)
    return n_quoting


def known_as(
    connection: Connection, session_id: str, project: str | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Sessions of that name, in the project or in any."""
    columns = (sessions.c.id, sessions.c.project, sessions.c.session_id, sessions.c.n_spans)
    chosen = select(*columns).where(SESSIONS.has(connection, [session_digest(session_id)]))
    if project is not None:
        chosen = chosen.where(sessions.c.project == project)
    return connection.execute(chosen.order_by(sessions.c.project)).all()
