"""TryPatchWorkflow: each recorded request twice, with the old prompt and with the patched one.

In: `InvestigateInput`. Out: `Tried` on the investigation's shelf. Next: the finding.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from pydantic_ai.exceptions import AgentRunError

    from pipeline.investigation.contracts import InvestigateInput
    from pipeline.investigation.explanation.contracts import Reading
    from pipeline.investigation.trial.activities import TrialActivities
    from pipeline.investigation.trial.contracts import Answer, JudgeInput
    from pipeline.investigation.trial.conversation import answers, replayer
    from pipeline.llm.account import Account
    from pipeline.temporal.failures import failure_code
    from pipeline.temporal.timing import LONG


@workflow.defn
class TryPatchWorkflow:
    """Requests, answers, count."""

    __pydantic_ai_agents__ = (replayer,)

    @workflow.run
    async def run(self, work: InvestigateInput) -> None:
        """Ends with a trial or a reason."""
        account = Account(project=work.project, purpose=workflow.info().workflow_id)
        reading = Reading(work=work, account=account)
        try:
            given, reason = await self._ask(reading)
        except AgentRunError as error:
            given, reason = (), f"the model failed: {type(error).__name__}"
        except ActivityError as error:
            given, reason = (), f"the trial failed: {failure_code(error)}"
        judged = JudgeInput(work=work, account=account, answers=given, reason=reason)
        await workflow.execute_activity_method(TrialActivities.judge_trial, judged, **LONG)

    async def _ask(self, reading: Reading) -> tuple[tuple[Answer, ...], str | None]:
        made = await workflow.execute_activity_method(
            TrialActivities.trial_requests, reading.work, **LONG
        )
        return await answers(reading, made.requests), made.reason
