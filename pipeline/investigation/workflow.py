"""InvestigateIssueWorkflow: one gated cluster revision to a finding, or to a reason why not.

In: `InvestigateInput`. Out: a finding in the store. Next: nothing; status, CLI and console read it.
Every stage keeps its result in the store, so a repetition finds it there.
"""

from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ActivityError, ChildWorkflowError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from pipeline.investigation.activities import InvestigationActivities
    from pipeline.investigation.contracts import CommitFindingInput, InvestigateInput
    from pipeline.temporal import ids
    from pipeline.temporal.failures import failure_code
    from pipeline.temporal.priority import Turn, model_priority
    from pipeline.temporal.timing import LOCAL, LONG

STAGES = (
    InvestigationActivities.contrast,
    InvestigationActivities.diagnose,
    InvestigationActivities.verify_evidence,
    InvestigationActivities.write_patch,
)

EXPLAIN_WORKFLOW, TRY_WORKFLOW = "ExplainIssueWorkflow", "TryPatchWorkflow"
"""By name: only a worker with a model imports them and the libraries that they bring along."""


@workflow.defn
class InvestigateIssueWorkflow:
    """Contrast, root cause, evidence, patch, finding."""

    @workflow.run
    async def run(self, work: InvestigateInput) -> None:
        """The stages in order, up to the first that says stop; then the commit."""
        commit = CommitFindingInput(work=work, stop=await self._investigate(work))
        await workflow.execute_local_activity_method(
            InvestigationActivities.commit_finding, commit, **LOCAL
        )

    async def _investigate(self, work: InvestigateInput) -> str | None:
        """None when all stages went through, else why not; a defect ends as a reason too."""
        try:
            for stage in STAGES:
                result = await workflow.execute_activity_method(stage, work, **LONG)
                if result.stop is not None:
                    return result.stop
                if result.explain:
                    await self._ask(work, EXPLAIN_WORKFLOW, Turn.EXPLAIN)
                if result.try_patch:
                    await self._ask(work, TRY_WORKFLOW, Turn.TRY)
        except ActivityError as error:
            return f"failed: {failure_code(error)}"
        return None

    async def _ask(self, work: InvestigateInput, kind: str, turn: Turn) -> None:
        """A child of its own: its payloads hold trace text and are claimed by the store."""
        with suppress(ChildWorkflowError, WorkflowAlreadyStartedError):
            await workflow.execute_child_workflow(
                kind,
                work,
                id=ids.model_workflow_id(kind, work.project, work.cluster_id, work.revision),
                priority=model_priority(work.project, turn),
            )
