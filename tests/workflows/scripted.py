"""Activities that follow a script instead of a store: to test the order of things in workflows alone.

In: what the store would say. Out: `ScriptedSession`, `ScriptedAgent`, with a log of the calls. Next:
the workflow tests run real workflows over them on a real server.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from pipeline.aggregation.contracts import AgentInput, AggregateResult, FinishAggregationInput
from pipeline.interrogation.contracts import InterrogateInput
from pipeline.investigation.contracts import CommitFindingInput, InvestigateInput, StageResult
from pipeline.model.answers import AgentClock, Interrogation, Opening, SessionClock
from pipeline.model.nudge import AgentNudge
from pipeline.model.session import SessionKey, SessionState
from pipeline.session.contracts import CommitSessionInput, CommitSessionResult, NotifyInput
from pipeline.signals.contracts import SignalsInput


@dataclass
class ScriptedSession:
    """A store with one session."""

    version: int = 1
    analysed_version: int = 0
    silent_for: timedelta = timedelta(hours=1)
    silent_later: timedelta | None = None
    """What the clock says from its second answer on."""
    n_spans: int = 3
    failing_stage: str | None = None
    calls: list[str] = field(default_factory=list[str])
    on_commit: Callable[["ScriptedSession"], Any] | None = None
    """Called within the commit, before the compare: what happens at the same time."""

    def activities(self) -> list[Callable[..., Any]]:
        return [
            self.session_clock,
            self.enrich_session,
            self.merge_session,
            self.interrogate_session,
            self.commit_session,
            self.notify_aggregations,
        ]

    @activity.defn
    async def session_clock(self, key: SessionKey) -> SessionClock | None:
        self.calls.append("clock")
        silent_for, self.silent_for = self.silent_for, self.silent_later or self.silent_for
        return SessionClock(
            version=self.version,
            analysed_version=self.analysed_version,
            silent_for=silent_for,
            open_for=silent_for,
            state=SessionState.WAITING,
            n_spans=self.n_spans,
        )

    @activity.defn
    async def enrich_session(self, work: SignalsInput) -> None:
        self._stage("enrich", work.version)

    @activity.defn
    async def merge_session(self, work: SignalsInput) -> None:
        self._stage("merge", work.version)

    @activity.defn
    async def interrogate_session(self, work: InterrogateInput) -> None:
        self._stage("interrogate", work.version)

    def _stage(self, stage: str, version: int) -> None:
        self.calls.append(f"{stage}@{version}")
        if stage == self.failing_stage:
            raise ApplicationError("no", type="internal_KeyError", non_retryable=True)

    @activity.defn
    async def commit_session(self, commit: CommitSessionInput) -> CommitSessionResult:
        self.calls.append(f"commit@{commit.version}:{commit.failure or 'ok'}")
        if self.failing_stage == "verdict" and commit.failure is None:
            raise ApplicationError("no", type="internal_KeyError", non_retryable=True)
        if self.on_commit is not None:
            happening, self.on_commit = self.on_commit, None
            outcome = happening(self)
            if asyncio.iscoroutine(outcome):
                await outcome
        if commit.version != self.version:
            return CommitSessionResult(done=False)
        self.analysed_version = commit.version
        nudge = AgentNudge(project="p", agent="scorer", epoch=1)
        return CommitSessionResult(done=True, agents=(nudge,))

    @activity.defn
    async def notify_aggregations(self, work: NotifyInput) -> None:
        self.calls += [f"notify:{nudge.agent}@{nudge.epoch}" for nudge in work.agents]


@dataclass
class ScriptedAgent:
    """A store with one agent that is dirty, and clusters that open investigations."""

    epoch: int = 1
    aggregated_epoch: int = 0
    openings: tuple[Opening, ...] = ()
    interrogations: tuple[Interrogation, ...] = ()
    stop_at: dict[str, str] = field(default_factory=dict[str, str])
    broken: str | None = None
    rises_during_aggregation: bool = False
    calls: list[str] = field(default_factory=list[str])

    def activities(self) -> list[Callable[..., Any]]:
        return [
            self.agent_clock,
            self.aggregate_agent,
            self.finish_aggregation,
            self.contrast,
            self.diagnose,
            self.verify_evidence,
            self.write_patch,
            self.commit_finding,
        ]

    @activity.defn
    async def agent_clock(self, work: AgentInput) -> AgentClock | None:
        return AgentClock(
            epoch=self.epoch,
            aggregated_epoch=self.aggregated_epoch,
            quiet_for=timedelta(hours=1),
            n_sessions=10,
            n_sessions_at_last=10,
        )

    @activity.defn
    async def aggregate_agent(self, work: AgentInput) -> AggregateResult:
        self.calls.append(f"aggregate@{self.epoch}")
        epoch = self.epoch
        self.epoch += self.rises_during_aggregation
        self.rises_during_aggregation = False
        return AggregateResult(
            epoch=epoch, openings=self.openings, interrogations=self.interrogations
        )

    @activity.defn
    async def finish_aggregation(self, work: FinishAggregationInput) -> bool:
        self.calls.append(f"finish@{work.epoch}")
        if work.epoch != self.epoch:
            return False
        self.aggregated_epoch = work.epoch
        return True

    @activity.defn
    async def contrast(self, work: InvestigateInput) -> StageResult:
        return self._stage("contrast", work)

    @activity.defn
    async def diagnose(self, work: InvestigateInput) -> StageResult:
        return self._stage("diagnose", work)

    @activity.defn
    async def verify_evidence(self, work: InvestigateInput) -> StageResult:
        return self._stage("verify_evidence", work)

    @activity.defn
    async def write_patch(self, work: InvestigateInput) -> StageResult:
        return self._stage("write_patch", work)

    def _stage(self, stage: str, work: InvestigateInput) -> StageResult:
        self.calls.append(f"{stage}:{work.cluster_id}/{work.revision}")
        if stage == self.broken:
            raise ApplicationError("no", type="internal_KeyError", non_retryable=True)
        return StageResult(stop=self.stop_at.get(stage))

    @activity.defn
    async def commit_finding(self, commit: CommitFindingInput) -> None:
        self.calls.append(f"commit:{commit.work.cluster_id}/{commit.work.revision}:{commit.stop}")
