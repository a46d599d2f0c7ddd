"""A draft: what one convention could read from one span, before agents and attempts are known.

In: nothing. Out: `Draft`, and small readers of attributes. Next: each convention returns drafts,
`steps` turns them into steps.
"""

import re
from dataclasses import dataclass

from pipeline.model.evidence import Located
from pipeline.model.span import Span, SpanStatus
from pipeline.model.step import Message, StepKind, ToolCall

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_HEX = r"(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{12,}"
_ID = re.compile(rf"[-_:/# ]*(?:{_UUID}|\b{_HEX}\b|\d{{4,}})")
_COUNTER = re.compile(r"(?:\s*[#:/\[(]\s*|\s+|[-_](?=\d{2}))\d+[\])]?\Z")


@dataclass(frozen=True)
class Draft:
    """One span as one convention reads it; the fields are those of `Step`."""

    kind: StepKind
    name: str
    inputs: tuple[Message, ...] = ()
    outputs: tuple[Message, ...] = ()
    system: tuple[Located, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    outputs_recorded: bool = False


def step_key(kind: StepKind, name: str) -> str:
    """`<kind>:<name>` without the ids and counters that differ from session to session."""
    clean = _COUNTER.sub("", _ID.sub("", name.strip())).strip(" -_:/#")
    return f"{kind.value}:{clean or kind.value}"


def text_of(span: Span, *keys: str) -> str | None:
    """The first of these attributes that is a non-empty string."""
    for key in keys:
        value = span.attributes.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def count_of(span: Span, *keys: str) -> int | None:
    """The first of these attributes that is a count."""
    for key in keys:
        value = span.attributes.get(key)
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float) or (isinstance(value, str) and value.isdecimal()):
            return int(value)
    return None


def error_of(span: Span) -> Located | None:
    """Where the span says what went wrong: its status, an exception event, its error type."""
    if span.status is SpanStatus.ERROR and span.status_message:
        return Located(text=span.status_message, span_id=span.span_id, field="status.message")
    for index, event in enumerate(span.events):
        for key in ("exception.message", "exception.type"):
            said = event.attributes.get(key)
            if isinstance(said, str) and said and span.status is SpanStatus.ERROR:
                return Located(text=said, span_id=span.span_id, field=f"events/{index}/{key}")
    kind = text_of(span, "error.type")
    return (
        Located(text=span.attributes["error.type"], span_id=span.span_id, field="error.type")
        if kind
        else None
    )
