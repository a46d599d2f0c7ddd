"""Pure: OpenTelemetry's GenAI events as log records: what a model was asked and what it answered.

In: the name of an event, its record's body and attributes. Out: `Content` whose `event` is the span
event that older instrumentations write, or None when it was sent without content. Next:
`exporter.logs` makes a span of it, and `pipeline.conventions` reads it like any other.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from exporter.log_content import REDACTED, Attributes, Content

MESSAGES = frozenset(
    f"gen_ai.{name}"
    for name in (
        "system.message",
        "user.message",
        "assistant.message",
        "tool.message",
        "choice",
    )
)
DETAILS = "gen_ai.client.inference.operation.details"
EVENTS = MESSAGES | {DETAILS}

_TEXT = "gen_ai.event.content"
_MESSAGE_KEYS = (_TEXT, "content", "message", "tool_calls", "finish_reason")
_DETAILS_KEYS = ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions")
_NAMES = {"role", "index", "id", "name", "type", "finish_reason", "gen_ai.message.index"}
"""What a message says of itself; all that is left of one that was sent without its content."""
_MAX_DEPTH = 30


def genai_content(event: str, body: AnyValue, given: Attributes) -> Content | None:
    """The content of a record with one of `EVENTS`."""
    keys = _DETAILS_KEYS if event == DETAILS else _MESSAGE_KEYS
    moved = {key: given[key] for key in keys if key in given}
    said = moved | _members(body, event)
    if event == DETAILS:
        said = {key: value for key, value in said.items() if key in keys}
    told = {key: _plain(value) for key, value in said.items()}
    if isinstance(text := told.get(_TEXT), str):
        told[_TEXT] = _opened(text)
    if not _tells(told):
        return None
    return Content({}, frozenset(moved), event=said)


def _members(body: AnyValue, event: str) -> dict[str, AnyValue]:
    """The members of the body by name; a text, which may be JSON, is the content."""
    match body.WhichOneof("value"):
        case "kvlist_value":
            return {pair.key: pair.value for pair in body.kvlist_value.values if pair.key}
        case "string_value" if body.string_value != event:
            return {_TEXT: body}
        case "array_value":
            return {_TEXT: body}
        case _:
            return {}


def _tells(value: object, depth: int = 0) -> bool:
    """True when there is a text, a number or a call of a tool, beside names."""
    if isinstance(value, str):
        return bool(value.strip()) and value != REDACTED
    if depth > _MAX_DEPTH:
        return True
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return "function" in members or any(
            _tells(v, depth + 1) for key, v in members.items() if key not in _NAMES
        )
    if isinstance(value, list):
        return any(_tells(item, depth + 1) for item in cast("list[object]", value))
    return value is not None


def _opened(text: str) -> object:
    """A whole message may be written as JSON."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _plain(value: AnyValue) -> object:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "kvlist_value":
            return {pair.key: _plain(pair.value) for pair in value.kvlist_value.values}
        case "array_value":
            return [_plain(item) for item in value.array_value.values]
        case "int_value" | "double_value" | "bool_value":
            return True
        case _:
            return None
