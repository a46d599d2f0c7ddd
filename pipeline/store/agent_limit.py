"""At most so many agents of a project are looked at by themselves; the rest are `other`, counted.

In: a project within one transaction, and the limit. Out: which agents are other, how many, and those
that have to be looked at again because they came in or fell out. Next: the aggregation of an agent.

The agents with the most sessions stay, of equal ones those that come first by name. First come would
be cheaper, but then the result would depend on the order of arrival: decision 8.
"""

from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from pipeline.store.agents import DIRTY, raise_epochs
from pipeline.store.schema import agents, session_agents

OTHER = " other"
"""Ends the engine version of an agent that was last passed over."""


def others(connection: Connection, project: str, limit: int) -> frozenset[str]:
    """The agents beyond the limit; the usual project has none and costs one count."""
    known = select(func.count()).where(agents.c.project == project)
    if connection.execute(known).scalar_one() <= limit:
        return frozenset()
    counted = connection.execute(_sessions_of(project)).all()
    ranked = sorted(counted, key=lambda row: (-row[1], row[0]))
    return frozenset(row[0] for row in ranked[limit:])


def recast(connection: Connection, project: str, limit: int, now: int) -> None:
    """Look again at agents that were passed over and are no longer other, or the other way round."""
    beyond = others(connection, project, limit)
    settled = select(agents.c.agent, agents.c.clusters_engine).where(
        agents.c.project == project, agents.c.clusters_engine != "", ~DIRTY
    )
    changed = [
        name
        for name, engine in connection.execute(settled)
        if engine.endswith(OTHER) is not (name in beyond)
        and (name in beyond or connection.execute(_acts(project, name)).first() is not None)
    ]
    raise_epochs(connection, project, changed, now, orphaned=True)


def n_others(connection: Connection, project: str) -> int:
    """Agents that were passed over."""
    passed = and_(agents.c.project == project, agents.c.clusters_engine.endswith(OTHER))
    return connection.execute(select(func.count()).where(passed)).scalar_one()


def _sessions_of(project: str) -> Select[Any, int]:
    """The agents of a project with their sessions."""
    return (
        select(session_agents.c.agent, func.count())
        .where(session_agents.c.project == project)
        .group_by(session_agents.c.agent)
    )


def _acts(project: str, name: str) -> Select[Any]:
    one = and_(session_agents.c.project == project, session_agents.c.agent == name)
    return select(session_agents.c.agent).where(one).limit(1)
