"""The agent that writes other lines for a prompt, from what the present ones led to.

In: the present lines, answers that they led to. Out: lines without links. Next: `search` tries them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic_ai import Agent, UsageLimits

from pipeline.investigation.explanation.contracts import Reading
from pipeline.investigation.optimisation.contracts import MAX_LINES, Proposal
from pipeline.investigation.trial.contracts import Request
from pipeline.llm.asking import UNTRUSTED
from pipeline.llm.door import resolver
from pipeline.llm.prose import has_link, is_odd
from pipeline.llm.reading import fenced, part_of
from pipeline.llm.settings import CONFIGURED

WRITE = f"""You improve a few lines that are added to the system prompt of an AI agent against one
fault. You are shown the lines, and what the agent was given and answered with them. Write up to
{MAX_LINES} lines, each of one sentence, that keep what works and mend what does not. Speak of every input of
that kind: no names, figures or words of the single ones that you are shown. No links.

{UNTRUSTED}"""

ONCE = UsageLimits(request_limit=2)

optimiser: Agent[Reading, Proposal] = Agent(
    CONFIGURED,
    name="optimiser",
    deps_type=Reading,
    output_type=Proposal,
    instructions=WRITE,
    retries=1,
    capabilities=[resolver()],
)


class Shown(NamedTuple):
    """One answer and what the detectors say of it."""

    request: Request
    answer: str
    fails: bool


async def propose(
    reading: Reading, lines: Sequence[str], shown: Sequence[Shown], fault: str
) -> tuple[str, ...]:
    """Other lines; the present ones where none of the new ones may stand."""
    ran = await optimiser.run(_prompt(lines, shown, fault), deps=reading, usage_limits=ONCE)
    mark = "- " if all(line.startswith("- ") for line in lines) else ""
    proposed = [" ".join(line.split()).removeprefix("- ") for line in ran.output.prompt_lines]
    sound = (line for line in proposed if not has_link(line) and not is_odd(line))
    return tuple(mark + line for line in sound) or tuple(lines)


def _prompt(lines: Sequence[str], shown: Sequence[Shown], fault: str) -> str:
    blocks = [f"The fault: {fault}.", "The present lines:", fenced("\n".join(lines), "lines")]
    for number, one in enumerate(shown, 1):
        blocks += [
            f"Example {number}, {'shows the fault' if one.fails else 'is as it should be'}:",
            fenced(part_of(_conversation(one.request), 1), "given"),
            fenced(part_of(one.answer, 1), "answered"),
        ]
    return "\n".join(blocks)


def _conversation(request: Request) -> str:
    return "\n".join(f"[{said.role.value}] {said.text}" for said in request.messages)
