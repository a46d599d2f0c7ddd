"""InvestigateIssueWorkflow: one gated cluster revision to a finding, or to a reason why not.

In: `InvestigateInput`. Out: a finding in the store. Next: nothing; status, CLI and console read it.
Every stage keeps its result in the store, so a repetition finds it there.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from pipeline.investigation.activities import InvestigationActivities
    from pipeline.investigation.contracts import CommitFindingInput, InvestigateInput
    from pipeline.temporal.failures import failure_code
    from pipeline.temporal.timing import LOCAL, LONG

STAGES = (
    InvestigationActivities.contrast,
    InvestigationActivities.diagnose,
    InvestigationActivities.verify_evidence,
    InvestigationActivities.write_patch,
)


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
        except ActivityError as error:
            return f"failed: {failure_code(error)}"
        return None
