"""The order of an interrogation: brief, ask, check, mend once.

In: `Reading`, and how prompts and checks are come by. Out: `Proposed`. Next: `workflow` runs it with
activities behind it; measurements run it in one process.
"""

from collections.abc import Awaitable, Callable

from pydantic_ai import UsageLimits
from pydantic_ai.exceptions import AgentRunError

from pipeline.interrogation.questioning.agents import interrogator
from pipeline.interrogation.questioning.brief import again
from pipeline.interrogation.questioning.contracts import Answer, Checked, Reading, Text
from pipeline.model.answers import Interrogation, Proposed

LIMITS = UsageLimits(request_limit=8, tool_calls_limit=12)

Brief = Callable[[Interrogation], Awaitable[Text | None]]
Check = Callable[[Interrogation, Answer], Awaitable[Checked]]


async def interrogate(reading: Reading, brief: Brief, check: Check) -> Proposed:
    """What stands of what the model says, or why nothing does."""
    try:
        return await _interrogate(reading, brief, check)
    except AgentRunError as error:
        return Proposed(reason=f"the model failed: {type(error).__name__}")


async def _interrogate(reading: Reading, brief: Brief, check: Check) -> Proposed:
    prompt = await brief(reading.work)
    if prompt is None:
        return Proposed(reason="the session has moved on")
    run = await interrogator.run(prompt.text, deps=reading, usage_limits=LIMITS)
    checked = await check(reading.work, run.output)
    if checked.faults:
        run = await interrogator.run(
            again(checked.faults),
            message_history=run.all_messages(),
            deps=reading,
            usage_limits=LIMITS,
        )
        checked = await check(reading.work, run.output)
    n_said = len(run.output.hypotheses)
    reason = None if checked.proposals else "nothing that the model said stood the check"
    return Proposed(proposals=checked.proposals, n_said=n_said, reason=reason)
