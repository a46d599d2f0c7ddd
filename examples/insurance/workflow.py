"""The claim workflow: transcript -> summary -> claim type.

In: `ClaimInput`. Out: the claim type. Next: `feedback` tells what the customer thinks of it.
"""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from examples.insurance.agents import ClaimInput, score_claim, summarize_transcript

TASK_QUEUE = "insurance"


@workflow.defn
class ClaimWorkflow:
    """One claim."""

    @workflow.run
    async def run(self, claim: ClaimInput) -> str:
        """Summarizes the call, then scores the summary."""
        timeout = timedelta(seconds=30)
        summary = await workflow.execute_activity(
            summarize_transcript, claim, start_to_close_timeout=timeout
        )
        return await workflow.execute_activity(score_claim, summary, start_to_close_timeout=timeout)
