"""Agents: their epochs, which rise whenever a session row of theirs changes, and their nudges.

In: names of agents whose sessions changed. Out: clocks and nudges. Next: the aggregation of an agent
runs until its newest epoch is aggregated.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, and_, func, or_, select, update

from pipeline.model.answers import AgentClock
from pipeline.model.nudge import AgentNudge
from pipeline.store.dialect import insert
from pipeline.store.schema import agents, session_agents
from pipeline.store.times import since

DIRTY = agents.c.epoch > agents.c.aggregated_epoch


def agents_of(connection: Connection, session_ref: int) -> tuple[str, ...]:
    """The agents that the session's row names."""
    names = select(session_agents.c.agent).where(session_agents.c.session_ref == session_ref)
    return tuple(sorted(connection.execute(names).scalars()))


def raise_epochs(
    connection: Connection, project: str, names: Iterable[str], now: int, *, orphaned: bool = False
) -> None:
    """A session row of these agents changed, came or went."""
    for name in sorted(set(names)):
        fresh = insert(connection, agents).values(
            project=project,
            agent=name,
            epoch=1,
            aggregated_epoch=0,
            clusters_epoch=0,
            clusters_engine="",
            n_sessions_at_last=0,
            nudged=False,
            orphaned=orphaned,
            nudged_at=0,
            last_changed=now,
            dirty_since=now,
        )
        changed = {
            "epoch": agents.c.epoch + 1,
            "last_changed": now,
            "dirty_since": func.coalesce(agents.c.dirty_since, now),
            "orphaned": or_(agents.c.orphaned, fresh.excluded.orphaned),
        }
        connection.execute(
            fresh.on_conflict_do_update(index_elements=["project", "agent"], set_=changed)
        )


def to_nudge(connection: Connection, project: str, names: Iterable[str]) -> tuple[AgentNudge, ...]:
    """The dirty ones among these that nobody nudged yet, and the project's orphaned ones."""
    wanted = or_(agents.c.agent.in_(sorted(set(names))), agents.c.orphaned)
    unheard = and_(agents.c.project == project, DIRTY, agents.c.nudged.is_(False), wanted)
    rows = connection.execute(
        select(agents.c.agent, agents.c.epoch).where(unheard).order_by(agents.c.agent)
    )
    return tuple(AgentNudge(project=project, agent=agent, epoch=epoch) for agent, epoch in rows)


def mark_nudged(connection: Connection, project: str, agent: str, now: int) -> None:
    """The nudge was sent. A clean agent is not marked: its next change must nudge again."""
    connection.execute(
        update(agents)
        .where(agents.c.project == project, agents.c.agent == agent, DIRTY)
        .values(nudged=True, orphaned=False, nudged_at=now)
    )


def lost_agents(
    connection: Connection, *, quiet: int, grace: int, limit: int, now: int
) -> tuple[AgentNudge, ...]:
    """Dirty agents that should have been aggregated `grace` ago; each comes once a `grace`."""
    overdue = or_(
        agents.c.last_changed <= now - quiet - grace,
        and_(agents.c.nudged.is_(False), agents.c.dirty_since <= now - quiet - grace),
    )
    rows = connection.execute(
        select(agents.c.project, agents.c.agent, agents.c.epoch)
        .where(DIRTY, overdue, agents.c.nudged_at <= now - grace)
        .order_by(agents.c.dirty_since, agents.c.project, agents.c.agent)
        .limit(limit)
    ).all()
    lost = tuple(AgentNudge(project=p, agent=agent, epoch=epoch) for p, agent, epoch in rows)
    for nudge in lost:
        mark_nudged(connection, nudge.project, nudge.agent, now)
    return lost


def agent_clock(connection: Connection, project: str, agent: str, now: int) -> AgentClock | None:
    """Where the agent's aggregation stands."""
    one = and_(agents.c.project == project, agents.c.agent == agent)
    row = connection.execute(select(agents).where(one)).first()
    if row is None:
        return None
    return AgentClock(
        epoch=row.epoch,
        aggregated_epoch=row.aggregated_epoch,
        quiet_for=since(now, row.last_changed),
        n_sessions=count_sessions(connection, project, agent),
        n_sessions_at_last=row.n_sessions_at_last,
    )


def count_sessions(connection: Connection, project: str, agent: str) -> int:
    """Sessions in which the agent acts."""
    acting = and_(session_agents.c.project == project, session_agents.c.agent == agent)
    return connection.execute(select(func.count()).where(acting)).scalar_one()


def finish_aggregation(connection: Connection, project: str, agent: str, epoch: int) -> bool:
    """Clean at `epoch`, unless a row has changed meanwhile."""
    one = and_(agents.c.project == project, agents.c.agent == agent, agents.c.epoch == epoch)
    done = connection.execute(
        update(agents)
        .where(one)
        .values(
            aggregated_epoch=epoch,
            nudged=False,
            orphaned=False,
            dirty_since=None,
            n_sessions_at_last=count_sessions(connection, project, agent),
        )
    )
    return done.rowcount == 1
