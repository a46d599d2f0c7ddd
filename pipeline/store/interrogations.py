"""Which sessions a language model is asked about, and what it proposed of them.

In: sessions that are worth asking about, in order; answers. Out: `Interrogation`s that are open, kept
`Proposal`s. Next: InterrogateWithModelWorkflow asks, the agent's aggregation evaluates the rules.

What is chosen is noted before anybody asks, so that a restart asks the same; a day's number is a
count of these notes.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select, update

from pipeline.model.answers import Interrogation, Proposed
from pipeline.model.cluster import Proposal
from pipeline.model.nudge import AgentNudge
from pipeline.model.session import session_digest
from pipeline.store.agents import raise_epochs, to_nudge
from pipeline.store.analysis import find_session
from pipeline.store.chunks import chunked
from pipeline.store.forgetting import drop_model_work
from pipeline.store.model_ledger import day_of, purposes_waiting
from pipeline.store.model_schema import interrogations
from pipeline.store.name_keys import SESSIONS
from pipeline.store.packing import pack_model, unpack_model
from pipeline.store.schema import sessions
from pipeline.store.times import to_micros
from pipeline.temporal.ids import interrogation_workflow_id

OPEN = interrogations.c.body.is_(None)


def choose(
    connection: Connection,
    owner: tuple[str, str],
    session_ids: Sequence[str],
    a_day: int,
    now: datetime,
) -> tuple[Interrogation, ...]:
    """Note the first of these sessions that were not asked about at their version, as many as the
    day still allows; every open one of the agent."""
    project, agent = owner
    mine = and_(interrogations.c.project == project, interrogations.c.agent == agent)
    today = and_(mine, interrogations.c.day == day_of(now))
    rest = a_day - connection.execute(select(func.count()).where(today)).scalar_one()
    known = select(interrogations.c.session_ref, interrogations.c.version).where(mine)
    asked = {(row.session_ref, row.version) for row in connection.execute(known)}
    fresh = [
        {"session_ref": row.id, "agent": agent, "version": row.analysed_version}
        for row in _in_order(connection, project, session_ids)
        if (row.id, row.analysed_version) not in asked
    ][: max(0, rest)]
    if fresh:
        shared = {"project": project, "day": day_of(now), "body": None}
        connection.execute(interrogations.insert(), [{**one, **shared} for one in fresh])
    return tuple(work for work in _open(connection, project) if work.agent == agent)


def _in_order(
    connection: Connection, project: str, session_ids: Sequence[str]
) -> Iterator[Row[Any]]:
    found: dict[str, Row[Any]] = {}
    columns = select(sessions.c.id, sessions.c.session_id, sessions.c.analysed_version)
    for piece in chunked([session_digest(session_id) for session_id in session_ids]):
        named = and_(SESSIONS.has(connection, piece), sessions.c.project == project)
        found |= {row.session_id: row for row in connection.execute(columns.where(named))}
    return (found[session_id] for session_id in session_ids if session_id in found)


def _open(connection: Connection, project: str) -> Iterator[Interrogation]:
    rows = connection.execute(
        select(sessions.c.digest, interrogations.c.version, interrogations.c.agent)
        .join(sessions, sessions.c.id == interrogations.c.session_ref)
        .where(interrogations.c.project == project, OPEN)
        .order_by(sessions.c.digest, interrogations.c.agent, interrogations.c.version)
    )
    for digest, version, agent in rows:
        yield Interrogation(project=project, digest=digest, version=version, agent=agent)


def finish(
    connection: Connection, work: Interrogation, proposed: Proposed, now: datetime
) -> tuple[AgentNudge, ...]:
    """Keep the answer, once; the agent is aggregated anew where there is a rule to evaluate."""
    session = find_session(connection, work.key)
    if session is None:
        return ()
    one = and_(
        interrogations.c.session_ref == session.id,
        interrogations.c.agent == work.agent,
        interrogations.c.version == work.version,
        OPEN,
    )
    kept = connection.execute(update(interrogations).where(one).values(body=pack_model(proposed)))
    if kept.rowcount and proposed.proposals:
        raise_epochs(connection, work.project, [work.agent], to_micros(now))
    return to_nudge(connection, work.project, [work.agent])


def proposals_of_agent(connection: Connection, project: str, agent: str) -> tuple[Proposal, ...]:
    """What stands of the newest answer of each of the agent's sessions."""
    mine = and_(interrogations.c.project == project, interrogations.c.agent == agent)
    return _newest(connection, mine)


def proposals_of_session(connection: Connection, session_ref: int) -> tuple[Proposal, ...]:
    """The same of all agents of one session."""
    return _newest(connection, interrogations.c.session_ref == session_ref)


def _newest(connection: Connection, which: Any) -> tuple[Proposal, ...]:
    rows = connection.execute(
        select(interrogations)
        .where(which, ~OPEN)
        .order_by(interrogations.c.session_ref, interrogations.c.agent, interrogations.c.version)
    )
    newest = {(row.session_ref, row.agent): row.body for row in rows}
    return tuple(p for body in newest.values() for p in unpack_model(Proposed, body).proposals)


def n_under_way(connection: Connection, project: str) -> int:
    """Interrogations that were chosen and not answered yet, but for those that wait for money."""
    waiting = purposes_waiting(connection, project)
    return sum(
        interrogation_workflow_id(work.key, work.version, work.agent) not in waiting
        for work in _open(connection, project)
    )


def drop_interrogations(connection: Connection, session_refs: Collection[int]) -> None:
    """What was kept for the questions about these sessions goes with them; the rows go elsewhere."""
    for piece in chunked(sorted(session_refs)):
        rows = connection.execute(
            select(sessions.c.digest, interrogations)
            .join(sessions, sessions.c.id == interrogations.c.session_ref)
            .where(interrogations.c.session_ref.in_(piece))
        ).all()
        for row in rows:
            work = Interrogation(
                project=row.project, digest=row.digest, version=row.version, agent=row.agent
            )
            workflow_id = interrogation_workflow_id(work.key, work.version, work.agent)
            drop_model_work(connection, row.project, workflow_id)
