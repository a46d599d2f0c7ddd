"""Pure: Anthropic's messages API.

In: a request's JSON; an `Answer`. Out: `Asked`; the reply's JSON or its stream of events. Next:
`scripted_models` sends them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.recordings.formats.parts import chunks, plain
from tests.recordings.script import Answer, Asked, Said

Json = Mapping[str, Any]


def read(body: Json) -> Asked:
    """What is asked; a tool's result stands in a user's message here."""
    messages = [Said("system", plain(body["system"]))] if body.get("system") else []
    for message in body["messages"]:
        messages.extend(_said(message["role"], message["content"]))
    thinking = body.get("thinking") or {}
    return Asked(
        model=body["model"],
        messages=tuple(messages),
        tools=tuple(t["name"] for t in body.get("tools") or ()),
        stream=bool(body.get("stream")),
        thinking=thinking.get("type") in ("enabled", "adaptive"),
    )


def _said(role: str, content: Any) -> Iterator[Said]:
    if isinstance(content, str):
        yield Said(role, content)
        return
    for part in content:
        kind = part.get("type")
        text = plain(part)
        if kind == "tool_result" or text:
            yield Said("tool" if kind == "tool_result" else role, text)


def write(answer: Answer, model: str) -> dict[str, Any]:
    """The reply."""
    return {**_envelope(answer, model), "content": list(_blocks(answer))}


def stream(answer: Answer, model: str) -> Iterator[tuple[str, str]]:
    """The reply in pieces, as (event, data)."""
    for event in _events(answer, model):
        yield event["type"], json.dumps(event)


def failure(status: int, message: str) -> dict[str, Any]:
    """An error as this API words it."""
    kind = "rate_limit_error" if status == 429 else "api_error"
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def _events(answer: Answer, model: str) -> Iterator[dict[str, Any]]:
    whole = _envelope(answer, model)
    reason, usage = whole["stop_reason"], whole["usage"]
    started = {**usage, "output_tokens": 1}
    opened = {**whole, "content": [], "stop_reason": None, "usage": started}
    yield {"type": "message_start", "message": opened}
    for index, block in enumerate(_blocks(answer)):
        yield from _block_events(index, block)
    delta = {"stop_reason": reason, "stop_sequence": None}
    spent = {"output_tokens": usage["output_tokens"]}
    yield {"type": "message_delta", "delta": delta, "usage": spent}
    yield {"type": "message_stop"}


def _block_events(index: int, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            start = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in chunks(block["text"])]
        case "thinking":
            start = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [
                {"type": "thinking_delta", "thinking": piece} for piece in chunks(block["thinking"])
            ]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        case _:
            start = {**block, "input": {}}
            given = json.dumps(block["input"])
            deltas = [
                {"type": "input_json_delta", "partial_json": piece} for piece in chunks(given)
            ]
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _blocks(answer: Answer) -> Iterator[dict[str, Any]]:
    if answer.thinking:
        yield {"type": "thinking", "thinking": answer.thinking, "signature": "c2NyaXB0ZWQ="}
    if answer.text or answer.refusal:
        yield {"type": "text", "text": answer.text or answer.refusal}
    for call in answer.calls:
        yield {
            "type": "tool_use",
            "id": f"toolu_{call.call_id}",
            "name": call.name,
            "input": dict(call.arguments),
        }


def _envelope(answer: Answer, model: str) -> dict[str, Any]:
    reason = "tool_use" if answer.calls else "refusal" if answer.refusal else "end_turn"
    return {
        "id": f"msg_{answer.number:04d}",
        "type": "message",
        "role": "assistant",
        "model": f"{model}-20250929",
        "content": [],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": answer.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": answer.output_tokens,
        },
    }
