"""The order of an explanation: brief, explain, check, mend once, judge.

In: `Reading`, and how prompts and checks are come by. Out: `Explained`. Next: `workflow` runs it with
activities behind it; measurements run it in one process.
"""

from collections.abc import Awaitable, Callable

from pydantic_ai import RunUsage, UsageLimits
from pydantic_ai.exceptions import AgentRunError

from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.explanation.agents import MAX_INPUT_TOKENS, explainer, judge
from pipeline.investigation.explanation.brief import again
from pipeline.investigation.explanation.contracts import (
    Checked,
    Explained,
    Explanation,
    Reading,
    Text,
)

LIMITS = UsageLimits(request_limit=20, tool_calls_limit=40, input_tokens_limit=MAX_INPUT_TOKENS)
ALONE = UsageLimits(request_limit=3)

Brief = Callable[[InvestigateInput], Awaitable[Text | None]]
Check = Callable[[InvestigateInput, Explanation], Awaitable[Checked]]


async def explain(reading: Reading, brief: Brief, check: Check) -> Explained:
    """What stands of what the model says, or why nothing does."""
    try:
        return await _explain(reading, brief, check)
    except AgentRunError as error:
        return Explained(reason=f"the model failed: {type(error).__name__}")


async def _explain(reading: Reading, brief: Brief, check: Check) -> Explained:
    prompt = await brief(reading.work)
    if prompt is None:
        return Explained(reason="the cluster is gone")
    usage = RunUsage()
    first = await explainer.run(prompt.text, deps=reading, usage=usage, usage_limits=LIMITS)
    checked = await check(reading.work, first.output)
    if checked.faults:
        second = await explainer.run(
            again(checked.faults),
            message_history=first.all_messages(),
            deps=reading,
            usage=usage,
            usage_limits=LIMITS,
        )
        checked = await check(reading.work, second.output)
    if checked.explanation is None:
        return Explained(
            n_claims=checked.n_claims, reason="nothing that the model said stood the check"
        )
    return await _judged(reading, checked, checked.explanation)


async def _judged(reading: Reading, checked: Checked, explanation: Explanation) -> Explained:
    """A second call that has not seen the reasoning rules on each claim beside its quote."""
    ruled = await judge.run(checked.judging, deps=reading, usage_limits=ALONE)
    supported = {r.claim for r in ruled.output.rulings if r.supported}
    kept = tuple(c for i, c in enumerate(explanation.mechanism, 1) if i in supported)
    if not kept or len(explanation.mechanism) + 1 not in supported:
        reason = "a second look did not find the root cause borne out by its quotes"
        return Explained(n_claims=checked.n_claims, reason=reason)
    return Explained(
        explanation=explanation.model_copy(update={"mechanism": kept}),
        n_verified=len(kept),
        n_claims=checked.n_claims,
        rivals=checked.rivals,
    )
