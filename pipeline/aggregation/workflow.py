"""AgentAggregationWorkflow: clusters what went wrong with one agent and opens investigations.

In: `AggregationInput` and `hypotheses_attributed`. Out: clusters in the store, started
investigations, and with a model started interrogations of sessions that no cluster explains. Next:
`pipeline.investigation`; an interrogation's rules come back here. Only `run` and what it calls is
replayed; embedding, clustering and the gate happen inside one activity.
"""

import asyncio
from contextlib import suppress

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from pipeline.aggregation.activities import AggregationActivities
    from pipeline.aggregation.contracts import (
        AgentInput,
        AggregationInput,
        FinishAggregationInput,
        Interrogation,
        Opening,
    )
    from pipeline.aggregation.pace import NOTHING, time_to_wait
    from pipeline.investigation.contracts import InvestigateInput
    from pipeline.investigation.workflow import InvestigateIssueWorkflow
    from pipeline.temporal import ids
    from pipeline.temporal.nudges import HYPOTHESES_ATTRIBUTED
    from pipeline.temporal.priority import Turn, model_priority
    from pipeline.temporal.timing import LOCAL, LONG, MAX_SIGNALS

INTERROGATE_WORKFLOW = "InterrogateWithModelWorkflow"
"""By name: only a worker with a model imports it and the libraries that it brings along."""


@workflow.defn
class AgentAggregationWorkflow:
    """One agent. Ends when its newest epoch is aggregated; signal-with-start revives it."""

    @workflow.init
    def __init__(self, start: AggregationInput) -> None:
        self.agent = AgentInput(project=start.project, agent=start.agent)
        self.n_signals = 0
        self.noted = False
        self.waited = False

    @workflow.signal(name=HYPOTHESES_ATTRIBUTED)
    def hypotheses_attributed(self, epoch: int) -> None:
        """Rows of the agent changed; the store knows which."""
        self.n_signals += 1
        self.noted = True

    @workflow.run
    async def run(self, start: AggregationInput) -> None:
        """Cycle until nothing is dirty."""
        while not await self._cycle(start):
            if self._full():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(start)

    async def _cycle(self, start: AggregationInput) -> bool:
        """One look at the clock and what follows from it; True when the agent is clean."""
        self.noted = False
        clock = await workflow.execute_local_activity_method(
            AggregationActivities.agent_clock, self.agent, **LOCAL
        )
        if clock is None or clock.aggregated_epoch == clock.epoch:
            return not self.noted
        rest = time_to_wait(clock, start.quiet, waited=self.waited)
        self.waited = rest > NOTHING
        if self.waited:
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(self._full, timeout=rest)
            return False
        return await self._aggregate() and not self.noted

    async def _aggregate(self) -> bool:
        """Clusters, investigations, commit. False when the agent moved on meanwhile."""
        result = await workflow.execute_activity_method(
            AggregationActivities.aggregate_agent, self.agent, **LONG
        )
        await asyncio.gather(*(self._investigate(opening) for opening in result.openings))
        await asyncio.gather(*(self._interrogate(one) for one in result.interrogations))
        done = FinishAggregationInput(
            project=self.agent.project, agent=self.agent.agent, epoch=result.epoch
        )
        return await workflow.execute_local_activity_method(
            AggregationActivities.finish_aggregation, done, **LOCAL
        )

    async def _investigate(self, opening: Opening) -> None:
        """Start and let go. Terminate, the default, would end it when we continue as new; one that
        was started or has succeeded already is what we want."""
        project = self.agent.project
        work = InvestigateInput(
            project=project, cluster_id=opening.cluster_id, revision=opening.revision
        )
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                InvestigateIssueWorkflow.run,
                work,
                id=ids.issue_workflow_id(project, opening.cluster_id, opening.revision),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            )

    async def _interrogate(self, work: Interrogation) -> None:
        """Start and let go: it may wait for tomorrow's money."""
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                INTERROGATE_WORKFLOW,
                work,
                id=ids.interrogation_workflow_id(work.key, work.version, work.agent),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                priority=model_priority(work.project, Turn.QUESTION),
            )

    def _full(self) -> bool:
        return self.n_signals >= MAX_SIGNALS or workflow.info().is_continue_as_new_suggested()
