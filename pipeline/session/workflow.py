"""SessionWorkflow: waits for silence, runs the three stages on one snapshot, commits the verdict.

In: `SessionInput` and `spans_arrived`. Out: a session row in the store, nudged agents. Next:
`pipeline.aggregation`. Only `run` and what it calls is replayed; the store is touched in activities.

The run keeps no state of its own: every cycle begins with the store's clock, so a restart, a late
nudge or a continue-as-new go on from what the store says.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError, ChildWorkflowError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from pipeline.interrogation.contracts import InterrogateInput
    from pipeline.interrogation.workflow import InterrogateAgentWorkflow
    from pipeline.model.session import SessionKey
    from pipeline.session.activities import SessionActivities
    from pipeline.session.contracts import (
        CommitSessionInput,
        CommitSessionResult,
        NotifyInput,
        SessionClock,
        SessionInput,
    )
    from pipeline.session.debounce import NOTHING, time_to_wait
    from pipeline.signals.contracts import SignalsInput
    from pipeline.signals.workflows import EnrichSignalsWorkflow, MergeSignalsWorkflow
    from pipeline.temporal import ids
    from pipeline.temporal.failures import failure_code
    from pipeline.temporal.nudges import SPANS_ARRIVED
    from pipeline.temporal.timing import LOCAL, MAX_SIGNALS

Child = TypeVar("Child", SignalsInput, InterrogateInput)
CHILD_PAUSE = timedelta(seconds=1)


@workflow.defn
class SessionWorkflow:
    """One session. Ends by compare-and-set when its newest version is analysed."""

    @workflow.init
    def __init__(self, start: SessionInput) -> None:
        self.key: SessionKey = start.key
        self.n_signals = 0
        self.noted = False

    @workflow.signal(name=SPANS_ARRIVED)
    def spans_arrived(self, version: int) -> None:
        """Something was committed to the session; the store knows what."""
        self.n_signals += 1
        self.noted = True

    @workflow.run
    async def run(self, start: SessionInput) -> None:
        """Cycle until nothing is left to analyse."""
        while not await self._cycle(start):
            if self._full():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(start)

    async def _cycle(self, start: SessionInput) -> bool:
        """One look at the clock and what follows from it; True when the session is done."""
        # Before the clock: what a signal tells from here on may be newer than what the clock says.
        self.noted = False
        clock = await workflow.execute_local_activity_method(
            SessionActivities.session_clock, self.key, **LOCAL
        )
        if clock is None or clock.analysed_version == clock.version:
            return not self.noted
        rest = time_to_wait(clock.silent_for, clock.open_for, start.debounce, start.cap)
        if rest > NOTHING and clock.n_spans:
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(self._full, timeout=rest)
            return False
        return await self._analyse(clock) and not self.noted

    async def _analyse(self, clock: SessionClock) -> bool:
        """Stages, verdict, nudges. False when the session moved on meanwhile."""
        # Without spans a late ancestor moved them all elsewhere: nothing to look at, only to retract.
        failure = await self._run_stages(clock.version) if clock.n_spans else None
        try:
            result = await self._commit(clock.version, failure)
        except ApplicationError as error:  # what a local activity raises, unwrapped
            # A defect in the verdict fails the session as one in a stage does.
            result = await self._commit(clock.version, failure_code(error))
        if result.agents:
            notify = NotifyInput(agents=result.agents)
            await workflow.execute_local_activity_method(
                SessionActivities.notify_aggregations, notify, **LOCAL
            )
        return result.done

    async def _commit(self, version: int, failure: str | None) -> CommitSessionResult:
        commit = CommitSessionInput(key=self.key, version=version, failure=failure)
        return await workflow.execute_local_activity_method(
            SessionActivities.commit_session, commit, **LOCAL
        )

    async def _run_stages(self, version: int) -> str | None:
        """The three children at once; the code of the first that failed for good."""
        signals = SignalsInput(key=self.key, version=version)
        steps = InterrogateInput(key=self.key, version=version)
        results = await asyncio.gather(
            self._run_child(EnrichSignalsWorkflow.run, signals, ids.ENRICH),
            self._run_child(MergeSignalsWorkflow.run, signals, ids.MERGE),
            self._run_child(InterrogateAgentWorkflow.run, steps, ids.INTERROGATE),
        )
        return next((code for code in results if code is not None), None)

    async def _run_child(
        self, run: Callable[[Any, Child], Awaitable[None]], work: Child, stage: str
    ) -> str | None:
        """One child. The same id again after the last one closed is the next version's (the default
        reuse policy allows it); one that still runs belongs to a closed parent and ends soon."""
        workflow_id = ids.stage_workflow_id(workflow.info().workflow_id, stage)
        while True:
            try:
                await workflow.execute_child_workflow(run, work, id=workflow_id)
            except WorkflowAlreadyStartedError:
                await workflow.sleep(CHILD_PAUSE)
            except ChildWorkflowError as error:
                return failure_code(error)
            else:
                return None

    def _full(self) -> bool:
        return self.n_signals >= MAX_SIGNALS or workflow.info().is_continue_as_new_suggested()
