"""The store's side of SessionWorkflow: its clock, the verdict and its commit, the nudges onward.

In: a session key. Out: ids, versions and durations. Next: `pipeline.aggregation` hears of the
agents whose rows changed.
"""

import asyncio

from temporalio import activity
from temporalio.client import Client

from pipeline.config import Config
from pipeline.errors import LimitExceeded
from pipeline.model.answers import SessionClock, StageResults
from pipeline.model.session import SessionKey, SessionRow, SessionState
from pipeline.session.contracts import CommitSessionInput, CommitSessionResult, NotifyInput
from pipeline.store import Store
from pipeline.temporal.nudges import nudge_agent
from pipeline.verdict import decide

ENGINE_VERSION = "1"
NO_AGENT_STEPS = "no_agent_steps"
TOO_LARGE = "too_large"
MERGED = "merged"


class SessionActivities:
    """Activities of SessionWorkflow."""

    def __init__(self, store: Store, client: Client, config: Config) -> None:
        self._store = store
        self._client = client
        self._config = config

    @activity.defn(no_thread_cancel_exception=True)
    def session_clock(self, key: SessionKey) -> SessionClock | None:
        """Where the session stands; None when the store does not know it (any more)."""
        return self._store.session_clock(key)

    @activity.defn(no_thread_cancel_exception=True)
    def commit_session(self, commit: CommitSessionInput) -> CommitSessionResult:
        """Verdict, row and state of the version, if it still is the newest."""
        stages = None
        if commit.failure is None:
            stages = self._store.load_stages(commit.key, commit.version)
        clock = self._store.session_clock(commit.key)
        if clock is None:
            return CommitSessionResult(done=True)
        state, reason = outcome(clock, stages, commit.failure)
        if state is SessionState.WAITING:
            return CommitSessionResult(done=False)
        result = self._store.finish_session(
            commit.key,
            commit.version,
            row=self._row(commit.key, stages)
            if stages and state is SessionState.ANALYSED
            else None,
            state=state,
            reason=reason,
            engine_version=ENGINE_VERSION,
        )
        return CommitSessionResult(done=result.done, agents=result.agents)

    def _row(self, key: SessionKey, stages: StageResults) -> SessionRow:
        return SessionRow(
            session_id=self._store.session_id(key),
            verdict=decide(stages.enrich, stages.merge),
            enrich=stages.enrich,
            merge=stages.merge,
            interrogate=stages.interrogate,
        )

    @activity.defn
    async def notify_aggregations(self, work: NotifyInput) -> None:
        """Signal first, then mark: a kill in between signals twice, which is harmless."""
        for nudge in work.agents:
            await nudge_agent(self._client, self._config, nudge)
            await asyncio.to_thread(self._store.mark_agent_nudged, nudge.project, nudge.agent)


def outcome(
    clock: SessionClock, stages: StageResults | None, failure: str | None
) -> tuple[SessionState, str]:
    """State and reason of a session after its stages; WAITING when they must run again."""
    if clock.n_spans == 0:
        return SessionState.MERGED, MERGED
    if failure == LimitExceeded.code:
        return SessionState.SKIPPED, TOO_LARGE
    if failure is not None:
        return SessionState.FAILED, failure
    if stages is None:
        return SessionState.WAITING, ""
    if not stages.interrogate.outline:
        return SessionState.SKIPPED, NO_AGENT_STEPS
    return SessionState.ANALYSED, ""
