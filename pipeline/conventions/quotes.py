"""Fields: how a place in a span is written down, and how its text is read back.

In: a span and a `field` (attribute key + RFC 6901 pointer). Out: the decoded string that stands
there, or None. Next: conventions write fields, evidence is verified by reading them again.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeGuard, cast

from pipeline.model.span import Attributes, Span

STATUS_FIELD = "status.message"
_EVENTS = "events"
_EVENT = re.compile(r"(span\.)?events/(\d+)/(.*)\Z", re.DOTALL)
_INDEX = re.compile(r"0|[1-9][0-9]*\Z")
_MISSING = object()
_MAX_CACHED = 50_000


def read_field(span: Span, field: str) -> str | None:
    """The decoded string at `field` of the span, None where nothing stands.

    The longest attribute key that is a prefix wins. A string attribute that holds JSON is parsed
    when a pointer follows its key; `<key>/` is the string that a JSON string in quotes holds. What
    is not a string is written as compact JSON.
    """
    if field == STATUS_FIELD and span.status_message:
        return span.status_message
    return _read(*_place(span, field))


def is_text(span: Span, field: str) -> bool:
    """True when a real string stands at `field`, not a structure written as JSON."""
    return field == STATUS_FIELD or isinstance(_value(*_place(span, field)), str)


def event_field(span: Span, index: int, key: str = "") -> str:
    """The field of a span event's attribute; Logfire has an attribute that is named `events` as well."""
    whose = f"span.{_EVENTS}" if _EVENTS in span.attributes else _EVENTS
    return f"{whose}/{index}/{key}"


def _place(span: Span, field: str) -> tuple[Attributes, str]:
    """The attributes in which the field is to be looked for, and what is left of it."""
    event = _EVENT.match(field)
    if event and (event[1] or _EVENTS not in span.attributes) and int(event[2]) < len(span.events):
        return span.events[int(event[2])].attributes, event[3]
    return span.attributes, field


def as_text(value: object) -> str:
    """A string as it is, everything else as compact JSON that keeps its letters."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def parse_json(text: str) -> Any:
    """What the JSON text holds, None when it is none. The value is shared: never change it."""
    return _parse_small(text) if len(text) <= _MAX_CACHED else _parse(text)


@lru_cache(maxsize=256)
def _parse_small(text: str) -> Any:
    return _parse(text)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """True for an array of an attribute (a list, or a tuple after freezing)."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _read(attributes: Attributes, field: str) -> str | None:
    value = _value(attributes, field)
    return None if value is _MISSING or value is None else as_text(value)


def _value(attributes: Attributes, field: str) -> object:
    end = len(field)
    while end >= 0:
        key = field[:end]
        if key in attributes:
            return _resolve(attributes[key], field[end:])
        end = field.rfind("/", 0, end)
    return _MISSING


def _resolve(value: object, path: str) -> object:
    if not path:
        return value
    if isinstance(value, str):
        value = parse_json(value)
    for raw in path[1:].split("/"):
        value = _member(value, raw.replace("~1", "/").replace("~0", "~"))
        if value is _MISSING:
            return _MISSING
    return value


def _member(value: object, token: str) -> object:
    if isinstance(value, Mapping):
        return cast(Mapping[str, object], value).get(token, _MISSING)
    if isinstance(value, str) and not token:  # `<key>/`: the string in a JSON string
        return value
    if is_list(value) and _INDEX.match(token):
        return value[int(token)] if int(token) < len(value) else _MISSING
    return _MISSING
