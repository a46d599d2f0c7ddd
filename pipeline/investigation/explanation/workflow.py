"""ExplainIssueWorkflow: a language model puts a contrast into words, and is held to it.

In: `InvestigateInput`. Out: `Explained` on the investigation's shelf. Next: the diagnosis.

All its payloads are claimed by the store (`pipeline.llm.claims`): the history holds digests. It ends
with a reason, never with an error: without an explanation the statistics stand alone.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from pipeline.investigation.contracts import InvestigateInput
    from pipeline.investigation.explanation.activities import ExplanationActivities
    from pipeline.investigation.explanation.agents import explainer, judge
    from pipeline.investigation.explanation.contracts import (
        Checked,
        CheckInput,
        Explained,
        Explanation,
        KeepInput,
        Reading,
        Text,
    )
    from pipeline.investigation.explanation.conversation import explain
    from pipeline.llm.account import Account
    from pipeline.temporal.failures import failure_code
    from pipeline.temporal.timing import LONG


@workflow.defn
class ExplainIssueWorkflow:
    """The conversation, with an activity behind each of its steps; then keep what stands."""

    __pydantic_ai_agents__ = (explainer, judge)

    @workflow.run
    async def run(self, work: InvestigateInput) -> None:
        """Keep what stands, or why nothing does."""
        account = Account(project=work.project, purpose=workflow.info().workflow_id)
        try:
            explained = await explain(Reading(work=work, account=account), self._brief, self._check)
        except ActivityError as error:
            explained = Explained(reason=f"the explanation failed: {failure_code(error)}")
        keep = KeepInput(work=work, account=account, explained=explained)
        await workflow.execute_activity_method(ExplanationActivities.keep_explanation, keep, **LONG)

    async def _brief(self, work: InvestigateInput) -> Text | None:
        return await workflow.execute_activity_method(
            ExplanationActivities.brief_explainer, work, **LONG
        )

    async def _check(self, work: InvestigateInput, explanation: Explanation) -> Checked:
        return await workflow.execute_activity_method(
            ExplanationActivities.check_explanation,
            CheckInput(work=work, explanation=explanation),
            **LONG,
        )
