"""The support chat with Anthropic's plain client, with thinking.

In: a client and how the library at hand marks agents and tools. Out: the answers. Next: an app.
"""

from typing import Any

from openai_loop import Marks
from support_chat import AGENTS, CLAUDE, TOOL, look_up_order

_TOOL = {
    "name": TOOL["name"],
    "description": TOOL["description"],
    "input_schema": TOOL["parameters"],
}


def scene(client: Any, marks: Marks, scene: dict[str, Any]) -> None:
    """One scene by the messages API."""
    streamed = scene["name"] == "stream"
    for name in scene["agents"]:
        marks.agent(
            name, scene["said"], lambda said, n=name: _talk(client, marks, n, said, streamed)
        )


def _talk(client: Any, marks: Marks, agent: str, said: str, streamed: bool) -> str:
    messages: list[Any] = [{"role": "user", "content": said}]
    asked: dict[str, Any] = {"model": CLAUDE, "max_tokens": 2048, "system": AGENTS[agent]}
    if agent == "orders":
        asked["tools"] = [_TOOL]
        asked["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    if streamed:
        with client.messages.stream(messages=messages, **asked) as stream:
            return "".join(stream.text_stream)
    while True:
        reply = client.messages.create(messages=messages, **asked)
        calls = [block for block in reply.content if block.type == "tool_use"]
        if not calls:
            return "".join(block.text for block in reply.content if block.type == "text")
        content = [block.model_dump(exclude_none=True) for block in reply.content]
        messages.append({"role": "assistant", "content": content})
        results = [
            {
                "type": "tool_result",
                "tool_use_id": call.id,
                "content": marks.tool(call.name, dict(call.input), look_up_order),
            }
            for call in calls
        ]
        messages.append({"role": "user", "content": results})
