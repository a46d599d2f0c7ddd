"""ExplainIssueWorkflow: a language model puts a contrast into words, and is held to it.

In: `InvestigateInput`. Out: `Explained` on the investigation's shelf. Next: the diagnosis.

All its payloads are claimed by the store (`pipeline.llm.claims`): the history holds digests. It ends
with a reason, never with an error: without an explanation the statistics stand alone.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from pydantic_ai import UsageLimits
    from pydantic_ai.exceptions import AgentRunError

    from pipeline.investigation.contracts import InvestigateInput
    from pipeline.investigation.explanation.activities import ExplanationActivities
    from pipeline.investigation.explanation.agents import explainer, judge
    from pipeline.investigation.explanation.brief import again, for_judge
    from pipeline.investigation.explanation.contracts import (
        Checked,
        CheckInput,
        Explained,
        Explanation,
        KeepInput,
        Reading,
    )
    from pipeline.llm.account import Account
    from pipeline.temporal.failures import failure_code
    from pipeline.temporal.timing import LONG

LIMITS = UsageLimits(request_limit=20, tool_calls_limit=40)
ALONE = UsageLimits(request_limit=3)


@workflow.defn
class ExplainIssueWorkflow:
    """Brief, explain, check, mend once, judge, keep."""

    __pydantic_ai_agents__ = (explainer, judge)

    @workflow.run
    async def run(self, work: InvestigateInput) -> None:
        """Keep what stands, or why nothing does."""
        account = Account(project=work.project, purpose=workflow.info().workflow_id)
        try:
            explained = await self._explain(Reading(work=work, account=account))
        except AgentRunError as error:
            explained = Explained(reason=f"the model failed: {type(error).__name__}")
        except ActivityError as error:
            explained = Explained(reason=f"the explanation failed: {failure_code(error)}")
        keep = KeepInput(work=work, account=account, explained=explained)
        await workflow.execute_activity_method(ExplanationActivities.keep_explanation, keep, **LONG)

    async def _explain(self, reading: Reading) -> Explained:
        prompt = await workflow.execute_activity_method(
            ExplanationActivities.brief_explainer, reading.work, **LONG
        )
        if prompt is None:
            return Explained(reason="the cluster is gone")
        first = await explainer.run(prompt.text, deps=reading, usage_limits=LIMITS)
        checked = await self._check(reading.work, first.output)
        if checked.faults:
            second = await explainer.run(
                again(checked.faults),
                message_history=first.all_messages(),
                deps=reading,
                usage_limits=LIMITS,
            )
            checked = await self._check(reading.work, second.output)
        if checked.explanation is None:
            return Explained(
                n_claims=checked.n_claims, reason="nothing that the model said stood the check"
            )
        return await self._judged(reading, checked, checked.explanation)

    async def _check(self, work: InvestigateInput, explanation: Explanation) -> Checked:
        return await workflow.execute_activity_method(
            ExplanationActivities.check_explanation,
            CheckInput(work=work, explanation=explanation),
            **LONG,
        )

    async def _judged(
        self, reading: Reading, checked: Checked, explanation: Explanation
    ) -> Explained:
        """A second call that has not seen the reasoning rules on each claim beside its quote."""
        ruled = await judge.run(for_judge(explanation), deps=reading, usage_limits=ALONE)
        supported = {r.claim for r in ruled.output.rulings if r.supported}
        kept = tuple(c for i, c in enumerate(explanation.mechanism, 1) if i in supported)
        if not kept or len(explanation.mechanism) + 1 not in supported:
            reason = "a second look did not find the root cause borne out by its quotes"
            return Explained(n_claims=checked.n_claims, reason=reason)
        return Explained(
            explanation=explanation.model_copy(update={"mechanism": kept}),
            n_verified=len(kept),
            n_claims=checked.n_claims,
        )
