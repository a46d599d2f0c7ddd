"""The order of an interrogation: brief, ask, check, mend once.

In: `Reading`, and how prompts and checks are come by. Out: `Proposed`. Next: `workflow` runs it with
activities behind it; measurements run it in one process.
"""

from collections.abc import Awaitable, Callable, Sequence

from pydantic_ai import AgentRunResult, RunUsage, UsageLimits
from pydantic_ai.exceptions import AgentRunError

from pipeline.interrogation.questioning.agents import interrogator
from pipeline.interrogation.questioning.brief import again
from pipeline.interrogation.questioning.contracts import Answer, Checked, Reading, Text
from pipeline.model.answers import Interrogation, Proposed

LIMITS = UsageLimits(request_limit=8, tool_calls_limit=6, input_tokens_limit=10_000)
"""For both answers together. Every request carries the whole conversation: a model that reads on would
send more than the sessions hold."""

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
    usage = RunUsage()
    first = await interrogator.run(prompt.text, deps=reading, usage=usage, usage_limits=LIMITS)
    checked = await check(reading.work, first.output)
    if not checked.faults:
        return _proposed(first.output, checked)
    try:
        return await _mended(reading, first, usage, checked.faults, check)
    except AgentRunError:
        return _proposed(first.output, checked)


async def _mended(
    reading: Reading,
    first: AgentRunResult[Answer],
    usage: RunUsage,
    faults: Sequence[str],
    check: Check,
) -> Proposed:
    """The answer once more; where it comes to nothing, what stood before still stands."""
    second = await interrogator.run(
        again(faults),
        message_history=first.all_messages(),
        deps=reading,
        usage=usage,
        usage_limits=LIMITS,
    )
    return _proposed(second.output, await check(reading.work, second.output))


def _proposed(answer: Answer, checked: Checked) -> Proposed:
    reason = None if checked.proposals else "nothing that the model said stood the check"
    return Proposed(proposals=checked.proposals, n_said=len(answer.hypotheses), reason=reason)
