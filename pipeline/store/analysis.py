"""One session under analysis: its clock, its snapshot, its stages, its end.

In: a `SessionKey` within one transaction. Out: what SessionWorkflow and its children read and write.
Next: `finish_session` hands the session row to the agents' aggregation.

Every write is fenced: a worker that slept and wakes up overwrites nothing newer.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Row, and_, delete, or_, select, update

from pipeline.errors import NotFound
from pipeline.model.answers import FinishResult, SessionClock, Snapshot, StageResults
from pipeline.model.nudge import Nudge
from pipeline.model.session import (
    EnrichResult,
    InterrogateResult,
    MergeResult,
    SessionKey,
    SessionRow,
    SessionState,
)
from pipeline.model.signal import Signal, Verdict
from pipeline.model.span_keys import Home
from pipeline.store.agents import agents_of, raise_epochs, to_nudge
from pipeline.store.bodies import BodyStore
from pipeline.store.dialect import insert
from pipeline.store.name_keys import SESSIONS
from pipeline.store.packing import engine_order, model_digest, pack_model, unpack_model
from pipeline.store.schema import session_agents, session_rows, sessions, stage_results
from pipeline.store.session_spans import read_spans
from pipeline.store.sessions import UNKNOWN_VERDICT
from pipeline.store.signals import signals_of
from pipeline.store.times import since

ENRICH, MERGE, INTERROGATE = "enrich", "merge", "interrogate"


def find_session(connection: Connection, key: SessionKey, *, lock: bool = False) -> Row[Any] | None:
    """The session's row of `sessions`."""
    named = select(sessions).where(
        SESSIONS.has(connection, [key.digest]), sessions.c.project == key.project
    )
    return connection.execute(named.with_for_update() if lock else named).first()


def session_clock(connection: Connection, key: SessionKey, now: int) -> SessionClock | None:
    """Where the session stands in time."""
    row = find_session(connection, key)
    if row is None:
        return None
    return SessionClock(
        version=row.version,
        analysed_version=row.analysed_version,
        silent_for=since(now, row.last_seen),
        open_for=since(now, now if row.dirty_since is None else row.dirty_since),
        state=SessionState(row.state),
        n_spans=row.n_spans,
    )


def load_spans(
    connection: Connection,
    bodies: BodyStore,
    key: SessionKey,
    limits: tuple[int | None, int | None] = (None, None),
) -> Snapshot:
    """Version and spans of one moment; nothing of a session that is not there."""
    session = find_session(connection, key)
    if session is None:
        return Snapshot(0, (), 0)
    home = Home(session.project, session.session_id)
    found = read_spans(connection, bodies, session.id, home, *limits)
    return Snapshot(session.version, tuple(found), session.n_spans)


def load_signals(connection: Connection, key: SessionKey) -> tuple[Signal, ...]:
    """The received signals of the session."""
    session = find_session(connection, key)
    return () if session is None else signals_of(connection, session.id)


def put_stage(
    connection: Connection,
    key: SessionKey,
    stage: str,
    version: int,
    engine_version: str,
    payload: BaseModel,
) -> bool:
    """Replace the stage's whole result, unless a newer one is stored."""
    session = find_session(connection, key, lock=True)
    if session is None:
        raise NotFound("no such session")
    one = and_(stage_results.c.session_ref == session.id, stage_results.c.stage == stage)
    stored = connection.execute(
        select(stage_results.c.version, stage_results.c.engine_version).where(one)
    ).first()
    if stored is not None and fence(*stored) > fence(version, engine_version):
        return False
    values = {"version": version, "engine_version": engine_version, "body": pack_model(payload)}
    connection.execute(
        insert(connection, stage_results)
        .values(session_ref=session.id, stage=stage, **values)
        .on_conflict_do_update(index_elements=["session_ref", "stage"], set_=values)
    )
    return True


def fence(version: int, engine_version: str) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    """The order in which results are newer."""
    return version, engine_order(engine_version)


def load_stages(connection: Connection, key: SessionKey, version: int) -> StageResults | None:
    """The three results at this version; None while one is missing."""
    session = find_session(connection, key)
    if session is None:
        return None
    bodies: Mapping[str, bytes] = {
        row.stage: row.body
        for row in connection.execute(
            select(stage_results.c.stage, stage_results.c.body).where(
                stage_results.c.session_ref == session.id, stage_results.c.version == version
            )
        )
    }
    if not {ENRICH, MERGE, INTERROGATE} <= bodies.keys():
        return None
    return StageResults(
        enrich=unpack_model(EnrichResult, bodies[ENRICH]),
        merge=unpack_model(MergeResult, bodies[MERGE]),
        interrogate=unpack_model(InterrogateResult, bodies[INTERROGATE]),
    )


def finish_session(
    connection: Connection,
    key: SessionKey,
    version: int,
    row: SessionRow | None,
    outcome: tuple[SessionState, str, str],
    now: int,
) -> FinishResult:
    """Compare and set: ends the session at `version`, unless it has grown meanwhile.

    `outcome` is (state, reason, engine version). The agents of the old and the new row get a new
    epoch only if the row's content changed, so that doing it twice is free.
    """
    session = find_session(connection, key, lock=True)
    if session is None or session.version != version:
        return FinishResult(done=False)
    engine_version = outcome[2]
    names = set(agents_of(connection, session.id))
    newer = session.analysed_version == version and (
        engine_order(session.engine_version) > engine_order(engine_version)
    )
    if session.n_spans and not newer:
        names.update(row.agents if row else ())
        if _write_row(connection, session.id, key.project, row):
            raise_epochs(connection, key.project, names, now)
        _end(connection, session.id, version, row, outcome)
    return FinishResult(done=True, agents=to_nudge(connection, key.project, names))


def _end(
    connection: Connection,
    ref: int,
    version: int,
    row: SessionRow | None,
    outcome: tuple[SessionState, str, str],
) -> None:
    state, reason, engine_version = outcome
    verdict = row.verdict if row else Verdict.model_validate_json(UNKNOWN_VERDICT)
    connection.execute(
        update(sessions)
        .where(sessions.c.id == ref)
        .values(
            analysed_version=version,
            nudged=False,
            dirty_since=None,
            state=state.value,
            reason=reason,
            engine_version=engine_version,
            label=verdict.label.value,
            verdict=verdict.model_dump_json(),
            agents=json.dumps(row.agents if row else ()),
        )
    )


def _write_row(connection: Connection, ref: int, project: str, row: SessionRow | None) -> bool:
    """Replace the stored row; False if it says the same already."""
    one = session_rows.c.session_ref == ref
    stored = connection.execute(select(session_rows.c.digest).where(one)).scalar()
    digest = None if row is None else model_digest(row)
    if digest == stored:
        return False
    connection.execute(delete(session_rows).where(one))
    connection.execute(delete(session_agents).where(session_agents.c.session_ref == ref))
    if row is None:
        return True
    connection.execute(
        session_rows.insert(), {"session_ref": ref, "digest": digest, "body": pack_model(row)}
    )
    if row.agents:
        connection.execute(
            session_agents.insert(),
            [{"project": project, "agent": name, "session_ref": ref} for name in row.agents],
        )
    return True


def lost_nudges(
    connection: Connection, *, debounce: int, cap: int, grace: int, limit: int, now: int
) -> tuple[Nudge, ...]:
    """Dirty sessions that should have ended `grace` ago; each comes once a `grace`."""
    overdue = or_(
        sessions.c.last_seen <= now - debounce - grace, sessions.c.dirty_since <= now - cap - grace
    )
    rows = connection.execute(
        select(sessions.c.id, sessions.c.project, sessions.c.digest, sessions.c.version)
        .where(sessions.c.dirty_since.is_not(None), overdue, sessions.c.nudged_at <= now - grace)
        .order_by(sessions.c.dirty_since, sessions.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if rows:
        told = update(sessions).where(sessions.c.id.in_([row.id for row in rows]))
        connection.execute(told.values(nudged=True, nudged_at=now))
    return tuple(Nudge(row.project, row.digest, row.version) for row in rows)
