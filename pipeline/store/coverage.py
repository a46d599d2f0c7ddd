"""What became of everything that was received, and what is still under way.

In: a project within one read transaction. Out: `Coverage`, `Progress`. Next: status service, `wait`.
"""

from collections import Counter

from sqlalchemy import Connection, and_, exists, func, select

from pipeline.model.cluster import GateState
from pipeline.model.coverage import Coverage, Progress
from pipeline.model.session import SessionState
from pipeline.model.signal import VerdictLabel
from pipeline.store.agent_limit import n_others
from pipeline.store.agents import DIRTY
from pipeline.store.clusters import open_investigations
from pipeline.store.interrogations import n_under_way
from pipeline.store.model_ledger import waiting_for_budget
from pipeline.store.schema import agents, cluster_members, clusters, sessions, signals


def coverage(connection: Connection, project: str) -> Coverage:
    """received = analysed + waiting + failed + the sum of skipped."""
    by_state: Counter[SessionState] = Counter()
    skipped: dict[str, int] = {}
    counts = (
        select(sessions.c.state, sessions.c.reason, func.count())
        .where(sessions.c.project == project, sessions.c.state != SessionState.MERGED.value)
        .group_by(sessions.c.state, sessions.c.reason)
    )
    for state, reason, count in connection.execute(counts):
        by_state[SessionState(state)] += count
        if state == SessionState.SKIPPED.value:
            skipped[reason] = count
    return Coverage(
        received=by_state.total(),
        analysed=by_state[SessionState.ANALYSED],
        waiting=by_state[SessionState.WAITING],
        failed=by_state[SessionState.FAILED],
        skipped=dict(sorted(skipped.items())),
        below_gate=_below_gate(connection, project),
        waiting_for_spans=_waiting_for_spans(connection, project),
        waiting_for_budget=waiting_for_budget(connection, project),
        other_agents=n_others(connection, project),
    )


def _below_gate(connection: Connection, project: str) -> int:
    """Analysed failing sessions that some cluster holds, but none that is gated open."""
    holds = and_(
        cluster_members.c.session_ref == sessions.c.id,
        cluster_members.c.project == project,
        clusters.c.project == project,
        clusters.c.id == cluster_members.c.cluster_id,
        clusters.c.noise.is_(False),
    )
    failing = and_(
        sessions.c.project == project,
        sessions.c.state == SessionState.ANALYSED.value,
        sessions.c.label == VerdictLabel.FAILING.value,
    )
    held = exists().where(holds)
    held_open = exists().where(holds, clusters.c.gate == GateState.OPEN.value)
    return connection.execute(
        select(func.count()).select_from(sessions).where(failing, held, ~held_open)
    ).scalar_one()


def _waiting_for_spans(connection: Connection, project: str) -> int:
    """Signals whose session or trace has not been seen."""
    loose = and_(signals.c.project == project, signals.c.session_ref.is_(None))
    return connection.execute(select(func.count()).where(loose)).scalar_one()


def session_states(connection: Connection) -> dict[str, int]:
    """State -> sessions, over all projects."""
    counted = select(sessions.c.state, func.count()).group_by(sessions.c.state)
    return dict(connection.execute(counted).tuples())


def progress(connection: Connection, project: str) -> Progress:
    """What is under way at this moment."""
    waiting = and_(sessions.c.project == project, sessions.c.dirty_since.is_not(None))
    dirty = and_(agents.c.project == project, DIRTY)
    return Progress(
        n_sessions_waiting=connection.execute(select(func.count()).where(waiting)).scalar_one(),
        n_agents_dirty=connection.execute(select(func.count()).where(dirty)).scalar_one(),
        n_investigations_open=len(open_investigations(connection, project)),
        n_interrogations_open=n_under_way(connection, project),
    )
