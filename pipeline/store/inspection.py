"""Pages of sessions, clusters and findings, in a stable order.

In: filters, a page size and a page token within one read transaction. Out: items and the next token,
empty on the last page. Next: status service, CLI, console.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, and_, select, tuple_

from pipeline.errors import BadRequest
from pipeline.model.answers import SessionDetail
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.finding import Finding, FindingState
from pipeline.model.session import Session, SessionKey, SessionRow, SessionState, session_digest
from pipeline.model.signal import Verdict, VerdictLabel
from pipeline.store.analysis import find_session
from pipeline.store.chunks import chunked
from pipeline.store.clusters import load_cluster
from pipeline.store.interrogations import proposals_of_session
from pipeline.store.name_keys import SESSIONS
from pipeline.store.packing import unpack_model
from pipeline.store.schema import (
    cluster_members,
    clusters,
    findings,
    investigations,
    session_rows,
    sessions,
    signals,
)
from pipeline.store.signals import signals_of
from pipeline.store.times import from_micros

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 100


def projects(connection: Connection) -> tuple[str, ...]:
    """Every project that has received something."""
    named = select(sessions.c.project).union(select(signals.c.project))
    return tuple(sorted(connection.execute(named).scalars()))


def session_of(row: Row[Any]) -> Session:
    """A session as inspection shows it."""
    return Session(
        project=row.project,
        session_id=row.session_id,
        verdict=Verdict.model_validate_json(row.verdict),
        state=SessionState(row.state),
        reason=row.reason,
        version=row.version,
        analysed_version=row.analysed_version,
        n_spans=row.n_spans,
        agents=tuple(json.loads(row.agents)),
        first_seen=from_micros(row.first_seen),
        last_seen=from_micros(row.last_seen),
    )


def list_sessions(
    connection: Connection,
    project: str,
    *,
    state: SessionState | None,
    verdict: VerdictLabel | None,
    session_id: str | None,
    page_size: int,
    page_token: str,
) -> tuple[tuple[Session, ...], str]:
    """In the order they were first seen; merged ones only when asked for. "" is any project."""
    query = select(sessions).where(sessions.c.id > (_position(page_token, int) or 0))
    if project:
        query = query.where(sessions.c.project == project)
    if session_id is not None:
        query = query.where(SESSIONS.has(connection, [session_digest(session_id)]))
    if state is None:
        query = query.where(sessions.c.state != SessionState.MERGED.value)
    else:
        query = query.where(sessions.c.state == state.value)
    if verdict is not None:
        query = query.where(sessions.c.label == verdict.value)
    rows, more = _page(connection, query.order_by(sessions.c.id), page_size)
    return tuple(session_of(row) for row in rows), _token(rows[-1].id) if more else ""


def get_session(connection: Connection, project: str, session_id: str) -> SessionDetail | None:
    """A session with all that is kept of it."""
    found = find_session(connection, SessionKey.of(project, session_id))
    if found is None:
        return None
    body = connection.execute(
        select(session_rows.c.body).where(session_rows.c.session_ref == found.id)
    ).scalar()
    holding = select(cluster_members.c.cluster_id).where(
        cluster_members.c.session_ref == found.id, cluster_members.c.project == project
    )
    return SessionDetail(
        session=session_of(found),
        row=None if body is None else unpack_model(SessionRow, body),
        signals=signals_of(connection, found.id),
        cluster_ids=tuple(sorted(connection.execute(holding).scalars())),
        proposals=proposals_of_session(connection, found.id),
    )


def list_clusters(
    connection: Connection,
    project: str,
    *,
    agent: str | None,
    gate: GateState | None,
    page_size: int,
    page_token: str,
) -> tuple[tuple[Cluster, ...], str]:
    """By id."""
    after = clusters.c.id > (_position(page_token, str) or "")
    query = select(clusters.c.id, clusters.c.body).where(clusters.c.project == project, after)
    if agent is not None:
        query = query.where(clusters.c.agent == agent)
    if gate is not None:
        query = query.where(clusters.c.gate == gate.value)
    rows, more = _page(connection, query.order_by(clusters.c.id), page_size)
    found = [unpack_model(Cluster, row.body) for row in rows]
    return _with_outcomes(connection, found), _token(rows[-1].id) if more else ""


def get_cluster(connection: Connection, project: str, cluster_id: str) -> Cluster | None:
    """One cluster."""
    found = load_cluster(connection, project, cluster_id)
    return None if found is None else _with_outcomes(connection, [found])[0]


def _with_outcomes(connection: Connection, found: Sequence[Cluster]) -> tuple[Cluster, ...]:
    """An open cluster whose investigation ended without a finding says so, and why."""
    reasons: dict[tuple[str, str, int], str] = {}
    names = (investigations.c.project, investigations.c.cluster_id, investigations.c.revision)
    asked = [c for c in found if c.gate is GateState.OPEN]
    for piece in chunked((c.project, c.id, c.revision) for c in asked):
        without = and_(tuple_(*names).in_(piece), investigations.c.finding_id.is_(None))
        for row in connection.execute(select(*names, investigations.c.reason).where(without)):
            reasons[row.project, row.cluster_id, row.revision] = row.reason
    return tuple(
        c
        if (why := reasons.get((c.project, c.id, c.revision))) is None
        else c.model_copy(update={"reason": f"{c.reason}; investigated without a finding: {why}"})
        for c in found
    )


def list_findings(
    connection: Connection,
    project: str,
    *,
    state: FindingState | None,
    page_size: int,
    page_token: str,
) -> tuple[tuple[Finding, ...], str]:
    """By id; withdrawn ones are left out."""
    after = findings.c.id > (_position(page_token, str) or "")
    listed = and_(findings.c.project == project, findings.c.withdrawn.is_(None), after)
    query = select(findings.c.id, findings.c.body).where(listed)
    if state is not None:
        query = query.where(findings.c.state == state.value)
    rows, more = _page(connection, query.order_by(findings.c.id), page_size)
    found = tuple(unpack_model(Finding, row.body) for row in rows)
    return found, _token(rows[-1].id) if more else ""


def _page(
    connection: Connection, query: Select[*tuple[Any, ...]], page_size: int
) -> tuple[Sequence[Row[Any]], bool]:
    size = max(1, page_size)
    rows = connection.execute(query.limit(size + 1)).all()
    return rows[:size], len(rows) > size


def _token(position: int | str) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def _position(token: str, kind: type[T]) -> T | None:
    """Where the page before ended."""
    if not token:
        return None
    try:
        position: Any = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        position = None
    if type(position) is not kind:
        raise BadRequest("the page token is not one of this list's")
    return position
