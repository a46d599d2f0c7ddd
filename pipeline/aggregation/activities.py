"""Thin shells of an agent's aggregation: one read, one pure computation, one fenced write.

In: project and agent. Out: clusters in the store, their ids where an investigation is due. Next:
the workflow starts those investigations and closes the epoch.
"""

from collections.abc import Sequence

from temporalio import activity

from pipeline.aggregation.aggregate import aggregate
from pipeline.aggregation.contracts import (
    AgentClock,
    AgentInput,
    AggregateResult,
    FinishAggregationInput,
)
from pipeline.aggregation.gate import gate_project
from pipeline.aggregation.settings import AggregationSettings
from pipeline.aggregation.vectors import CachedEmbedder
from pipeline.model.cluster import Cluster
from pipeline.store import Store
from pipeline.store.agent_limit import OTHER
from pipeline.temporal.heartbeat import computing

ENGINE_VERSION = "1"


class AggregationActivities:
    """Activities of AgentAggregationWorkflow."""

    def __init__(
        self,
        store: Store,
        embedder: CachedEmbedder,
        settings: AggregationSettings,
        *,
        max_sessions: int,
        max_agents: int,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._settings = settings
        self._max_sessions = max_sessions
        self._max_agents = max_agents

    @activity.defn(no_thread_cancel_exception=True)
    def agent_clock(self, work: AgentInput) -> AgentClock | None:
        """Where the agent stands; None when the store does not know it (any more)."""
        return self._store.agent_clock(work.project, work.agent)

    @activity.defn(no_thread_cancel_exception=True)
    def aggregate_agent(self, work: AgentInput) -> AggregateResult:
        """Recompute the agent's clusters whole and gate the project's anew."""
        with computing():
            epoch, clusters, engine = self._clusters(work)
            replaced = self._store.replace_clusters(
                work.project,
                work.agent,
                epoch,
                engine,
                clusters,
                lambda every: gate_project(every, self._settings),
            )
        return AggregateResult(epoch=epoch, openings=replaced.openings)

    @activity.defn(no_thread_cancel_exception=True)
    def finish_aggregation(self, work: FinishAggregationInput) -> bool:
        """Whether the epoch still was the newest."""
        return self._store.finish_aggregation(
            work.project, work.agent, work.epoch, max_agents=self._max_agents
        )

    def _clusters(self, work: AgentInput) -> tuple[int, Sequence[Cluster], str]:
        """The epoch, the clusters, and by which engine; an agent beyond the limit has none."""
        if work.agent in self._store.other_agents(work.project, self._max_agents):
            clock = self._store.agent_clock(work.project, work.agent)
            return clock.epoch if clock else 0, (), ENGINE_VERSION + OTHER
        epoch, rows = self._store.load_rows(work.project, work.agent, limit=self._max_sessions)
        clusters = aggregate(work.agent, work.project, rows, self._settings, self._embedder)
        return epoch, clusters, ENGINE_VERSION
