"""A model that plays a summarizer, and an optimiser that knows better lines for its prompt, or none.

In: the conversations of the replayed agent and of the optimiser. Out: answers. Next: `test_optimise`.
"""

import hashlib
import json
import os
import signal
from collections.abc import Iterable, Sequence

from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo

from tests.llm.playing import MEND, Part, prompts, system

BETTER = "Keep each figure together with the thing that it belongs to."
RECORDED: dict[str, str] = {}
"""What the summarizer answered, by the letter; a test fills it."""


class Summarizer(Part):
    """Loses figures as recorded; the finding's own lines mend half of it, `BETTER` mends all."""

    def __init__(self) -> None:
        super().__init__(RECORDED)
        self.shown: list[str] = []
        """What the optimiser was shown."""
        self.n_asked = 0

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        """One answer."""
        self.n_asked += 1
        schemas = [str(tool.parameters_json_schema) for tool in info.output_tools]
        if info.function_tools or not any("prompt_lines" in schema for schema in schemas):
            return super().__call__(messages, info)
        self.shown += prompts(messages)
        arguments = json.dumps({"prompt_lines": [self.proposal()]})
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, arguments)])

    def replay(self, messages: Sequence[ModelMessage]) -> str:
        """By the prompt that it is told."""
        given, told = letter_in(prompts(messages)), system(messages)
        heeds = BETTER in told or (MEND in told and _half(given))
        return given if heeds else self.recorded.get(given, given)

    def proposal(self) -> str:
        """A line."""
        return BETTER


class Useless(Summarizer):
    """Proposes something else each time, none of it of use."""

    def proposal(self) -> str:
        """A line."""
        return f"Be polite to everybody, for the {len(self.shown)}th time."


class Interrupting(Useless):
    """Somebody presses Ctrl-C when the first line is proposed."""

    def proposal(self) -> str:
        """A line."""
        os.kill(os.getpid(), signal.SIGINT)
        return super().proposal()


def letter_in(texts: Iterable[str]) -> str:
    """The customer's letter among what was said; results of tools come after it."""
    return next(text for text in texts if text.startswith("Dear shop"))


def improving(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """For `KELET_MODEL`."""
    return Summarizer()(messages, info)


def interrupting(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """For `KELET_MODEL`."""
    return Interrupting()(messages, info)


def _half(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0
