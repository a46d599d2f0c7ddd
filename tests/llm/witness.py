"""Models that are interrogated about one agent of one session: a typical reader, and one that reads on.

In: a conversation of the interrogating agent. Out: what they answer, from what the brief and the tools
gave them. Next: `interrogated` has one obey injections, `tau` counts what they are sent.
"""

import re
from collections.abc import Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo

from tests.llm.playing import Part, a_quote, call_of, prompts, returns

_AGENT = re.compile(r"asked about the agent <data [^\n]*\n(.*?)\n</data", re.DOTALL)
_STEP = re.compile(
    r"^Step (\d+), the agent's last one:\n(.*?)^Features of", re.DOTALL | re.MULTILINE
)
_FEATURE = re.compile(r"^(\S+) = (\S+)$", re.MULTILINE)
LAST = 10_000
"""A part that no step has: the tool hands out the last one, in which the answer stands."""


class Witness(Part):
    """Reads the step that it is asked about again, then answers."""

    def explain(self, messages: Sequence[ModelMessage], info: AgentInfo) -> ToolCallPart | TextPart:
        """The reading, one call at a time; then the answer."""
        n_made = sum(isinstance(p, ToolCallPart) for m in messages for p in _made(m))
        wanted = self.reads(step_of(messages)[0])
        if n_made < len(wanted):
            return call_of(*wanted[n_made])
        return call_of(info.output_tools[0].name, {"hypotheses": self.hypotheses(messages)})

    def reads(self, step: int) -> Sequence[tuple[str, dict[str, Any]]]:
        """What it calls before it answers."""
        return [("read_step", {"step": step, "part": LAST})]

    def hypotheses(self, messages: Sequence[ModelMessage]) -> list[dict[str, Any]]:
        """One, which stands."""
        return [honest(messages)]


class Insatiable(Witness):
    """Reads one thing after the other and never answers before it has read everything."""

    def reads(self, step: int) -> Sequence[tuple[str, dict[str, Any]]]:
        """More than its limits allow."""
        every = [("read_step", {"step": max(1, step - n)}) for n in range(20)]
        return [("outline", {}), *every, ("features", {}), ("search", {"text": "error"})]


def honest(messages: Sequence[ModelMessage]) -> dict[str, Any]:
    """A hypothesis with a quote of the step that was shown and a feature that the session has."""
    agent, (step, text) = agent_of(messages), step_of(messages)
    shown = text if "part 1 of 1\n" in text else returns(messages)["read_step"]
    name, value = _FEATURE.findall(_brief(messages).rpartition("Features of")[2])[0]
    return {
        "about": "did",
        "agent": agent,
        "says": f"{agent} passes on less than others need.",
        "quotes": [{"step": step, "text": a_quote(shown)}],
        "rule": [{"feature": name, "value": float(value) / 2}],
    }


def agent_of(messages: Sequence[ModelMessage]) -> str:
    """Whom it is asked about."""
    found = _AGENT.search(_brief(messages))
    assert found is not None
    return found[1]


def step_of(messages: Sequence[ModelMessage]) -> tuple[int, str]:
    """Number and text of the step that the brief shows."""
    found = _STEP.search(_brief(messages))
    assert found is not None
    return int(found[1]), found[2]


def _brief(messages: Sequence[ModelMessage]) -> str:
    """The prompt that says who is asked; the framework may have put a warning before it."""
    return next(text for text in prompts(messages) if "You are asked about" in text)


def _made(message: ModelMessage) -> Sequence[Any]:
    return message.parts if isinstance(message, ModelResponse) else ()
