"""Scripted models that are interrogated: one tells the truth as it reads it, one lies in every way.

In: a conversation of the interrogating agent. Out: what the script answers; what other agents ask
goes to `scripts`. Next: `KELET_MODEL=scripted:tests.llm.questioned:truthful` gives it to a worker.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo
from pydantic_ai.usage import RequestUsage

from tests.llm import scripts
from tests.llm.playing import prompts

USAGE = RequestUsage(input_tokens=1_000, output_tokens=100)


def truthful(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Reads the step again, then says which of the two tools was called without the other."""
    if "features" not in {tool.name for tool in info.function_tools}:
        return scripts.truthful(messages, info)
    return _play(messages, info, honest)


def lying(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Invents a quote, names another agent, and has a rule that fits every session."""
    if "features" not in {tool.name for tool in info.function_tools}:
        return scripts.inventing(messages, info)
    return _play(messages, info, dishonest)


def honest(text: str) -> list[dict[str, Any]]:
    """What a reader of this session would say."""
    called, left_out = ("refund", "lookup") if "run.tool=refund" in text else ("lookup", "refund")
    rule = [
        {"feature": f"run.tool={called}"},
        {"feature": f"run.tool={left_out}", "holds": "below"},
    ]
    return [_statement(text, rule)]


def dishonest(text: str) -> list[dict[str, Any]]:
    """Three lies."""
    every = [{"feature": "run.tool=note"}]
    invented = {"quotes": [{"step": step_number(text), "text": "I never look anything up."}]}
    return [
        {**_statement(text, honest(text)[0]["rule"]), **invented},
        {**_statement(text, honest(text)[0]["rule"]), "agent": "supervisor"},
        _statement(text, every),
    ]


def _statement(text: str, rule: list[dict[str, Any]]) -> dict[str, Any]:
    given = re.search(r"\[in user\] (.*)", text)
    assert given is not None, text
    return {
        "about": "lacked",
        "agent": "clerk",
        "says": "The clerk acts on one half of what it has to do.",
        "quotes": [{"step": step_number(text), "text": given[1].split(".")[0]}],
        "rule": rule,
    }


def step_number(text: str) -> int:
    """The step that the brief shows."""
    found = re.search(r"^Step (\d+), the agent's last one", text, re.MULTILINE)
    assert found is not None, text
    return int(found[1])


def _play(messages: Sequence[ModelMessage], info: AgentInfo, answer: Any) -> ModelResponse:
    text = "\n".join(prompts(messages))
    read = [
        part
        for m in messages
        if isinstance(m, ModelRequest)
        for part in m.parts
        if getattr(part, "tool_name", None) == "read_step"
    ]
    if not read:
        return _call("read_step", {"step": step_number(text)})
    return _call(info.output_tools[0].name, {"hypotheses": answer(text)})


def _call(tool: str, arguments: dict[str, Any]) -> ModelResponse:
    return ModelResponse(parts=[ToolCallPart(tool, json.dumps(arguments))], usage=USAGE)
