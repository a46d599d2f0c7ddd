"""Thin shells of an agent's aggregation: one read, one pure computation, one fenced write.

In: project and agent. Out: clusters in the store, their ids where an investigation is due, sessions
to ask a model about. Next: the workflow starts those and closes the epoch.
"""

from collections.abc import Sequence

from temporalio import activity

from pipeline.aggregation.aggregate import aggregate
from pipeline.aggregation.contracts import (
    AgentClock,
    AgentInput,
    AggregateResult,
    FinishAggregationInput,
    Interrogation,
)
from pipeline.aggregation.gate import gate_project
from pipeline.aggregation.settings import AggregationSettings
from pipeline.aggregation.vectors import CachedEmbedder
from pipeline.aggregation.worth_asking import worth_asking
from pipeline.model.cluster import Cluster
from pipeline.model.session import SessionRow
from pipeline.population.features import Population
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
        asked_a_day: int = 0,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._settings = settings
        self._max_sessions = max_sessions
        self._max_agents = max_agents
        self._asked_a_day = asked_a_day

    @activity.defn(no_thread_cancel_exception=True)
    def agent_clock(self, work: AgentInput) -> AgentClock | None:
        """Where the agent stands; None when the store does not know it (any more)."""
        return self._store.agent_clock(work.project, work.agent)

    @activity.defn(no_thread_cancel_exception=True)
    def aggregate_agent(self, work: AgentInput) -> AggregateResult:
        """Recompute the agent's clusters whole and gate the project's anew."""
        gated: list[Cluster] = []

        def gate(every: Sequence[Cluster]) -> Sequence[Cluster]:
            gated[:] = gate_project(every, self._settings)
            return gated

        with computing():
            epoch, rows, engine = self._read(work)
            clusters = self._clusters(work, rows) if rows else ()
            replaced = self._store.replace_clusters(
                work.project, work.agent, epoch, engine, clusters, gate
            )
            asked = self._choose(work, rows, gated) if replaced.accepted else ()
        return AggregateResult(epoch=epoch, openings=replaced.openings, interrogations=asked)

    def _clusters(self, work: AgentInput, rows: Sequence[SessionRow]) -> Sequence[Cluster]:
        """What the rows say, and what a model proposed of them."""
        proposals = self._store.proposals(work.project, work.agent)
        return aggregate(work.agent, work.project, rows, self._settings, self._embedder, proposals)

    def _choose(
        self, work: AgentInput, rows: Sequence[SessionRow], gated: Sequence[Cluster]
    ) -> tuple[Interrogation, ...]:
        """What a model is to be asked; nothing without one."""
        if not self._asked_a_day or not rows:
            return ()
        worth = worth_asking(Population(work.agent, rows), gated, self._settings)
        return self._store.choose_interrogations(work.project, work.agent, worth, self._asked_a_day)

    @activity.defn(no_thread_cancel_exception=True)
    def finish_aggregation(self, work: FinishAggregationInput) -> bool:
        """Whether the epoch still was the newest."""
        return self._store.finish_aggregation(
            work.project, work.agent, work.epoch, max_agents=self._max_agents
        )

    def _read(self, work: AgentInput) -> tuple[int, Sequence[SessionRow], str]:
        """The epoch, the rows, and for which engine; an agent beyond the limit has none.

        Rows before proposals: one that comes in between raises the epoch once more.
        """
        if work.agent in self._store.other_agents(work.project, self._max_agents):
            clock = self._store.agent_clock(work.project, work.agent)
            return clock.epoch if clock else 0, (), ENGINE_VERSION + OTHER
        epoch, rows = self._store.load_rows(work.project, work.agent, limit=self._max_sessions)
        return epoch, rows, ENGINE_VERSION
