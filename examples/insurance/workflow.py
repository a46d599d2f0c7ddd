"""The claim workflow: transcript -> summary -> claim type.

In: `ClaimInput`. Out: the claim type. Next: `feedback` tells what the customer thinks of it.
"""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from examples.insurance.agents import ClaimActivities, ClaimInput, ScoreInput

TASK_QUEUE = "insurance"


@workflow.defn
class ClaimWorkflow:
    """One claim."""

    @workflow.run
    async def run(self, claim: ClaimInput) -> str:
        """Summarizes the call, then scores the summary."""
        summary = await workflow.execute_activity_method(
            ClaimActivities.summarize_transcript,
            claim,
            start_to_close_timeout=timedelta(seconds=30),
        )
        return await workflow.execute_activity_method(
            ClaimActivities.score_claim,
            ScoreInput(claim.claim_id, claim.user_id, summary),
            start_to_close_timeout=timedelta(seconds=30),
        )
