"""Pure: the chat completions API.

In: a request's JSON; an `Answer`. Out: `Asked`; the reply's JSON or its stream of events. Next:
`scripted_models` sends them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.recordings.formats.parts import CREATED, chunks, plain
from tests.recordings.script import Answer, Asked, Said

Json = Mapping[str, Any]
_ROLES = {"developer": "system", "function": "tool"}


def read(body: Json) -> Asked:
    """What is asked."""
    options = body.get("stream_options") or {}
    return Asked(
        model=body["model"],
        messages=tuple(
            Said(_ROLES.get(m["role"]) or m["role"], plain(m.get("content")))
            for m in body["messages"]
        ),
        tools=tuple(t["function"]["name"] for t in body.get("tools") or () if "function" in t),
        stream=bool(body.get("stream")),
        usage_in_stream=bool(options.get("include_usage")),
    )


def write(answer: Answer, model: str) -> dict[str, Any]:
    """The reply."""
    choice = {
        "index": 0,
        "message": _message(answer),
        "logprobs": None,
        "finish_reason": _reason(answer),
    }
    return {
        **_envelope(answer, model, "chat.completion"),
        "choices": [choice],
        "usage": _usage(answer),
    }


def stream(answer: Answer, model: str, *, usage: bool = True) -> Iterator[tuple[str, str]]:
    """The reply in pieces, as (event, data); this API names no events."""
    envelope = _envelope(answer, model, "chat.completion.chunk")
    for delta in _deltas(answer):
        yield "", json.dumps({**envelope, "choices": [_piece(delta)]})
    yield "", json.dumps({**envelope, "choices": [_piece({}, _reason(answer))]})
    if usage:
        yield "", json.dumps({**envelope, "choices": [], "usage": _usage(answer)})
    yield "", "[DONE]"


def failure(status: int, message: str) -> dict[str, Any]:
    """An error as this API words it."""
    kind = "rate_limit_exceeded" if status == 429 else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def _envelope(answer: Answer, model: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{answer.number:04d}",
        "object": kind,
        "created": CREATED,
        "model": f"{model}-2025-04-14",
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
    }


def _message(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": answer.text or None,
        "refusal": answer.refusal or None,
        "annotations": [],
    }
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in answer.calls
        ]
    return message


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": "" if answer.text else None, "refusal": None}
    for piece in chunks(answer.text):
        yield {"content": piece}
    for piece in chunks(answer.refusal):
        yield {"refusal": piece}
    for index, call in enumerate(answer.calls):
        named = {"name": call.name, "arguments": ""}
        first = {"index": index, "id": call.call_id, "type": "function", "function": named}
        yield {"tool_calls": [first]}
        for piece in chunks(json.dumps(call.arguments)):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _piece(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


def _reason(answer: Answer) -> str:
    return "tool_calls" if answer.calls else "stop"


def _usage(answer: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
