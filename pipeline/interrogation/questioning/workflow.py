"""InterrogateWithModelWorkflow: a language model is asked about one agent of one failing session.

In: an `Interrogation`. Out: `Proposed` in the store, a nudged aggregation. Next: the aggregation
evaluates each rule on every session.

All its payloads are claimed by the store (`pipeline.llm.claims`): the history holds digests. It waits
for money without holding anything up, and ends with a reason, never with an error.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from pipeline.interrogation.questioning.activities import QuestioningActivities
    from pipeline.interrogation.questioning.agents import interrogator
    from pipeline.interrogation.questioning.contracts import (
        Answer,
        Checked,
        CheckInput,
        KeepInput,
        Reading,
        Text,
    )
    from pipeline.interrogation.questioning.conversation import interrogate
    from pipeline.llm.account import Account
    from pipeline.model.answers import Interrogation, Proposed
    from pipeline.temporal.failures import failure_code
    from pipeline.temporal.timing import LONG

SHARE = 0.5
"""Of the day's budget: explanations of what was found go before further questions."""


@workflow.defn
class InterrogateWithModelWorkflow:
    """The conversation, with an activity behind each of its steps; then keep what stands."""

    __pydantic_ai_agents__ = (interrogator,)

    @workflow.run
    async def run(self, work: Interrogation) -> None:
        """Keep what stands, or why nothing does."""
        purpose = workflow.info().workflow_id
        account = Account(project=work.project, purpose=purpose, share=SHARE)
        try:
            reading = Reading(work=work, account=account)
            proposed = await interrogate(reading, self._brief, self._check)
        except ActivityError as error:
            proposed = Proposed(reason=f"the interrogation failed: {failure_code(error)}")
        await workflow.execute_activity_method(
            QuestioningActivities.keep_proposals, KeepInput(work=work, proposed=proposed), **LONG
        )

    async def _brief(self, work: Interrogation) -> Text | None:
        return await workflow.execute_activity_method(
            QuestioningActivities.brief_interrogator, work, **LONG
        )

    async def _check(self, work: Interrogation, answer: Answer) -> Checked:
        return await workflow.execute_activity_method(
            QuestioningActivities.check_answer, CheckInput(work=work, answer=answer), **LONG
        )
