"""The support chat with OpenAI's plain client: chat completions or Responses.

In: a client and how the library at hand marks agents and tools. Out: the answers. Next: an app.
"""

import json
from collections.abc import Callable
from typing import Any, Protocol

from support_chat import AGENTS, GPT, TOOL, look_up_order, openai_tool


class Marks(Protocol):
    """How an app tells its library who acts; each calls `work` and returns what it returns."""

    def agent(self, name: str, said: str, work: Callable[[str], str]) -> str: ...
    def tool(self, name: str, arguments: dict[str, Any], work: Callable[..., str]) -> str: ...


class Unmarked:
    """A library that knows no agents and no tools."""

    def agent(self, name: str, said: str, work: Callable[[str], str]) -> str:
        return work(said)

    def tool(self, name: str, arguments: dict[str, Any], work: Callable[..., str]) -> str:
        return work(**arguments)


def chat_scene(client: Any, marks: Marks, scene: dict[str, Any]) -> None:
    """One scene by chat completions."""
    streamed = scene["name"] == "stream"
    for name in scene["agents"]:
        marks.agent(
            name, scene["said"], lambda said, n=name: _chat(client, marks, n, said, streamed)
        )


def responses_scene(client: Any, marks: Marks, scene: dict[str, Any]) -> None:
    """One scene by the Responses API."""
    streamed = scene["name"] == "stream"
    for name in scene["agents"]:
        marks.agent(
            name, scene["said"], lambda said, n=name: _responses(client, marks, n, said, streamed)
        )


def _chat(client: Any, marks: Marks, agent: str, said: str, streamed: bool) -> str:
    messages: list[Any] = [
        {"role": "system", "content": AGENTS[agent]},
        {"role": "user", "content": said},
    ]
    tools = {"tools": [openai_tool()]} if agent == "orders" else {}
    if streamed:
        options = {"include_usage": True}
        pieces = client.chat.completions.create(
            model=GPT, messages=messages, stream=True, stream_options=options, **tools
        )
        return "".join(p.choices[0].delta.content or "" for p in pieces if p.choices)
    while True:
        reply = client.chat.completions.create(model=GPT, messages=messages, **tools)
        message = reply.choices[0].message
        if not message.tool_calls:
            return message.content or message.refusal
        messages.append(message.model_dump(exclude_none=True, exclude={"annotations"}))
        for call in message.tool_calls:
            given = json.loads(call.function.arguments)
            result = marks.tool(call.function.name, given, look_up_order)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def _responses(client: Any, marks: Marks, agent: str, said: str, streamed: bool) -> str:
    given: list[Any] = [{"role": "user", "content": said}]
    asked: dict[str, Any] = {"model": GPT, "instructions": AGENTS[agent]}
    if agent == "orders":
        asked["tools"] = [{"type": "function", "strict": True, **TOOL}]
    if streamed:
        events = client.responses.create(input=given, stream=True, **asked)
        return "".join(e.delta for e in events if e.type == "response.output_text.delta")
    while True:
        reply = client.responses.create(input=given, **asked)
        calls = [item for item in reply.output if item.type == "function_call"]
        if not calls:
            return reply.output_text
        given += [item.model_dump(exclude_none=True) for item in reply.output]
        for call in calls:
            result = marks.tool(call.name, json.loads(call.arguments), look_up_order)
            given.append(
                {"type": "function_call_output", "call_id": call.call_id, "output": result}
            )
