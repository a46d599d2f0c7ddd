"""Pure: what each log event says, in the words of the GenAI conventions.

In: the attributes of a record. Out: `CONTENTS`, by event name: a reader that gives `Content`, or None
when the record was sent without content (it is off by default). Next: `exporter.logs` makes a span of it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from exporter.decode import id_text

EVENT_PREFIX = "claude_code."
REASONING = "kelet.reasoning"
REDACTED = "<REDACTED>"

Attributes = Mapping[str, AnyValue]


class Content(NamedTuple):
    """GenAI attributes, the record's attributes that they replace, and the error if there was one.

    `event` is what the span's event holds, where the content stays one.
    """

    attributes: Mapping[str, str]
    consumed: frozenset[str] = frozenset()
    error: str | None = None
    is_prompt: bool = False
    event: Attributes | None = None


def _text(given: Attributes, *keys: str) -> str:
    for key in keys:
        text = given[key].string_value if key in given else ""
        if text.strip() and text != REDACTED:
            return text
    return ""


def _message(role: str, *parts: Mapping[str, Any]) -> str:
    return json.dumps([{"role": role, "parts": parts}], ensure_ascii=False)


def _reasoning(given: Attributes) -> Content | None:
    """Kept as it stands: thoughts are no answer, so they make no step."""
    return Content({}) if _text(given, "reasoning.text") else None


def _prompt(given: Attributes) -> Content | None:
    text = _text(given, "prompt")
    if not text:
        return None
    said = _message("user", {"type": "text", "content": text})
    return Content(
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.input.messages": said},
        frozenset({"prompt"}),
        is_prompt=True,
    )


def _request_body(given: Attributes) -> Content | None:
    """Kept as it stands: the answer to it is the step."""
    return Content({}) if _text(given, "body") else None


def _response_body(given: Attributes) -> Content | None:
    text = _text(given, "body")
    if not text:
        return None
    try:
        body = json.loads(text)
        return Content(_answer(cast("dict[str, Any]", body)), frozenset({"body"}))
    except (ValueError, RecursionError, AttributeError):
        return Content({})  # cut off by the sender: kept, but nobody can tell what was said


def _answer(answer: Mapping[str, Any]) -> dict[str, str]:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.output.messages": _message("assistant", *_parts(answer.get("content"))),
    }
    if isinstance(model := answer.get("model"), str):
        attributes["gen_ai.response.model"] = model
    if isinstance(reason := answer.get("stop_reason"), str):
        attributes["gen_ai.response.finish_reasons"] = json.dumps([reason])
    return attributes


def _parts(blocks: object) -> list[dict[str, Any]]:
    """Anthropic's content blocks as parts; redacted thoughts are left out."""
    parts: list[dict[str, Any]] = []
    for block in cast("list[object]", blocks) if isinstance(blocks, list) else ():
        if not isinstance(block, dict):
            continue
        given = cast("dict[str, Any]", block)
        match given.get("type"):
            case "text":
                parts.append({"type": "text", "content": str(given.get("text", ""))})
            case "tool_use":
                call = {"id": given.get("id"), "name": given.get("name")}
                parts.append({"type": "tool_call", **call, "arguments": given.get("input")})
            case _:
                pass
    return parts


def _assistant_response(given: Attributes) -> Content | None:
    text = _text(given, "response")
    if not text:
        return None
    said = _message("assistant", {"type": "text", "content": text})
    return Content(
        {"gen_ai.operation.name": "chat", "gen_ai.output.messages": said}, frozenset({"response"})
    )


def _tool_result(given: Attributes) -> Content | None:
    name = _text(given, "tool_name")
    if not name:
        return None
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
    consumed = {"tool_name"}
    for key in ("tool_input", "tool_parameters"):
        if arguments := _text(given, key):
            attributes["gen_ai.tool.call.arguments"] = arguments
            consumed.add(key)
            break
    failed = "success" in given and _flag(given["success"]) is False
    error = (_text(given, "error", "error_type") or "the tool failed") if failed else None
    return Content(attributes, frozenset(consumed), error)


def _api_error(given: Attributes) -> Content | None:
    error = _text(given, "error")
    return Content({"gen_ai.operation.name": "chat"}, frozenset(), error) if error else None


def _flag(value: AnyValue) -> bool | None:
    if value.WhichOneof("value") == "bool_value":
        return value.bool_value
    return {"true": True, "false": False}.get((id_text(value) or "").lower())


CONTENTS: Mapping[str, Callable[[Attributes], Content | None]] = {
    REASONING: _reasoning,
    f"{EVENT_PREFIX}user_prompt": _prompt,
    f"{EVENT_PREFIX}api_request_body": _request_body,
    f"{EVENT_PREFIX}api_response_body": _response_body,
    f"{EVENT_PREFIX}assistant_response": _assistant_response,
    f"{EVENT_PREFIX}tool_result": _tool_result,
    f"{EVENT_PREFIX}api_error": _api_error,
}
