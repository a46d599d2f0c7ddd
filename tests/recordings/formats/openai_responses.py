"""Pure: the Responses API.

In: a request's JSON; an `Answer`. Out: `Asked`; the reply's JSON or its stream of events. Next:
`scripted_models` sends them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.recordings.formats.parts import CREATED, chunks, plain
from tests.recordings.script import Answer, Asked, Said

Json = Mapping[str, Any]


def read(body: Json) -> Asked:
    """What is asked."""
    messages: list[Said] = []
    if body.get("instructions"):
        messages.append(Said("system", body["instructions"]))
    given = body.get("input") or []
    if isinstance(given, str):
        messages.append(Said("user", given))
    else:
        messages.extend(said for item in given if (said := _said(item)) is not None)
    return Asked(
        model=body["model"],
        messages=tuple(messages),
        tools=tuple(t["name"] for t in body.get("tools") or () if t.get("type") == "function"),
        stream=bool(body.get("stream")),
        thinking=bool(body.get("reasoning")),
    )


def _said(item: Json) -> Said | None:
    match item.get("type", "message"):
        case "message":
            role = item["role"]
            return Said("system" if role == "developer" else role, plain(item.get("content")))
        case "function_call_output":
            return Said("tool", plain(item.get("output")))
        case _:
            return None


def write(answer: Answer, model: str) -> dict[str, Any]:
    """The reply."""
    return _response(answer, model, "completed", list(_items(answer)))


def stream(answer: Answer, model: str) -> Iterator[tuple[str, str]]:
    """The reply in pieces, as (event, data)."""
    for number, event in enumerate(_events(answer, model)):
        yield event["type"], json.dumps({**event, "sequence_number": number})


def _events(answer: Answer, model: str) -> Iterator[dict[str, Any]]:
    open_response = _response(answer, model, "in_progress", [])
    yield {"type": "response.created", "response": open_response}
    yield {"type": "response.in_progress", "response": open_response}
    items = list(_items(answer))
    for index, item in enumerate(items):
        yield from _item_events(index, item)
    yield {"type": "response.completed", "response": _response(answer, model, "completed", items)}


def _item_events(index: int, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    place = {"item_id": item["id"], "output_index": index}
    empty = {**item, "status": "in_progress"}
    match item["type"]:
        case "message":
            part = item["content"][0]
            place["content_index"] = 0
            kind = "refusal" if part["type"] == "refusal" else "output_text"
            field = "refusal" if kind == "refusal" else "text"
            start = {**part, field: ""}
            yield _added(index, {**empty, "content": []})
            yield {"type": "response.content_part.added", **place, "part": start}
            for piece in chunks(part[field]):
                more = {} if kind == "refusal" else {"logprobs": []}
                yield {"type": f"response.{kind}.delta", **place, "delta": piece, **more}
            yield {"type": f"response.{kind}.done", **place, field: part[field], "logprobs": []}
            yield {"type": "response.content_part.done", **place, "part": part}
        case "function_call":
            yield _added(index, {**empty, "arguments": ""})
            yield {
                "type": "response.function_call_arguments.delta",
                **place,
                "delta": item["arguments"],
            }
            yield {
                "type": "response.function_call_arguments.done",
                **place,
                "name": item["name"],
                "arguments": item["arguments"],
            }
        case _:
            yield _added(index, item)
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _added(index: int, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def _items(answer: Answer) -> Iterator[dict[str, Any]]:
    if answer.thinking:
        yield {
            "id": f"rs_{answer.number:04d}",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": answer.thinking}],
        }
    for index, call in enumerate(answer.calls):
        yield {
            "id": f"fc_{answer.number:04d}_{index}",
            "type": "function_call",
            "status": "completed",
            "name": call.name,
            "arguments": json.dumps(call.arguments),
            "call_id": call.call_id,
        }
    if answer.text or answer.refusal:
        part: dict[str, Any] = {"type": "refusal", "refusal": answer.refusal}
        if answer.text:
            part = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
        yield {
            "id": f"msg_{answer.number:04d}",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [part],
        }


def _response(
    answer: Answer, model: str, status: str, output: list[dict[str, Any]]
) -> dict[str, Any]:
    usage = {
        "input_tokens": answer.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answer.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answer.input_tokens + answer.output_tokens,
    }
    return {
        "id": f"resp_{answer.number:04d}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": f"{model}-2025-04-14",
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage if status == "completed" else None,
        "user": None,
        "metadata": {},
    }
