"""Thin shells of an agent's aggregation: one read, one pure computation, one fenced write.

In: project and agent. Out: clusters in the store, their ids where an investigation is due. Next:
the workflow starts those investigations and closes the epoch.
"""

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
from pipeline.store import Store
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
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._settings = settings
        self._max_sessions = max_sessions

    @activity.defn(no_thread_cancel_exception=True)
    def agent_clock(self, work: AgentInput) -> AgentClock | None:
        """Where the agent stands; None when the store does not know it (any more)."""
        return self._store.agent_clock(work.project, work.agent)

    @activity.defn(no_thread_cancel_exception=True)
    def aggregate_agent(self, work: AgentInput) -> AggregateResult:
        """Recompute the agent's clusters whole and gate the project's anew."""
        with computing():
            epoch, rows = self._store.load_rows(work.project, work.agent, limit=self._max_sessions)
            clusters = aggregate(work.agent, work.project, rows, self._settings, self._embedder)
            replaced = self._store.replace_clusters(
                work.project,
                work.agent,
                epoch,
                ENGINE_VERSION,
                clusters,
                lambda every: gate_project(every, self._settings),
            )
        return AggregateResult(epoch=epoch, openings=replaced.openings)

    @activity.defn(no_thread_cancel_exception=True)
    def finish_aggregation(self, work: FinishAggregationInput) -> bool:
        """Whether the epoch still was the newest."""
        return self._store.finish_aggregation(work.project, work.agent, work.epoch)
