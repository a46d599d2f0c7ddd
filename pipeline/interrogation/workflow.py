"""InterrogateAgentWorkflow: the child of a session that asks what its agents did wrong.

In: `InterrogateInput`. Out: candidate hypotheses in the store, made without sight of the verdict.
Next: SessionWorkflow joins its children; aggregation decides which candidates are unusual.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pipeline.interrogation.activities import InterrogationActivities
    from pipeline.interrogation.contracts import InterrogateInput
    from pipeline.temporal.timing import STAGE


@workflow.defn
class InterrogateAgentWorkflow:
    """Steps to candidates, for all agents of one session."""

    @workflow.run
    async def run(self, work: InterrogateInput) -> None:
        """One activity."""
        await workflow.execute_local_activity_method(
            InterrogationActivities.interrogate_session, work, **STAGE
        )
