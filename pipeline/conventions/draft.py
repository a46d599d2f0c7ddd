"""A draft: what one convention could read from one span, before agents and attempts are known.

In: nothing. Out: `Draft`, how several of one span become one, and small readers of attributes.
Next: each convention returns drafts, `registry` merges them, `steps` turns them into steps.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.conventions.quotes import event_field
from pipeline.model.evidence import Located
from pipeline.model.span import Span, SpanStatus
from pipeline.model.step import Message, StepKind, ToolCall

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_HEX = r"(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{12,}"
_ID = re.compile(rf"[-_:/# ]*(?:{_UUID}|\b{_HEX}\b|\d{{4,}})")
_COUNTER = re.compile(r"(?:\s*[#:/\[(]\s*|\s+|[-_](?=\d{2}))\d+[\])]?\Z")
_NO_MODEL = {"unknown", "none", "null"}


@dataclass(frozen=True)
class Claim:
    """What a convention takes a span for; `sure` is False where it only guesses."""

    kind: StepKind
    sure: bool = True


@dataclass(frozen=True)
class Draft:
    """One span as one convention reads it; the fields are those of `Step`.

    `agent` is the name that the span gives to who acts in it.
    """

    kind: StepKind
    name: str = ""
    agent: str | None = None
    inputs: tuple[Message, ...] = ()
    outputs: tuple[Message, ...] = ()
    system: tuple[Located, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    outputs_recorded: bool = False
    failed: bool = False
    error: Located | None = None


@dataclass(frozen=True)
class Convention:
    """One way of writing spans: what it takes a span for, and what it reads from it.

    `read` is asked about every span, also where another convention said what it is: conventions
    complement one another.
    """

    name: str
    claim: Callable[[Span], Claim | None]
    read: Callable[[Span, StepKind], Draft | None]


def merge(kind: StepKind, drafts: Sequence[Draft]) -> Draft:
    """One draft of several, the first that knows a field wins.

    What goes in (with its system texts) is taken from one draft as a whole, and so is what comes
    out: two conventions on one span tell the same conversation twice.
    """
    nothing = Draft(kind)
    before = next((d for d in drafts if d.inputs), nothing)
    after = next((d for d in drafts if d.outputs or d.tool_calls), nothing)
    return Draft(
        kind=kind,
        name=next((d.name for d in drafts if d.name), ""),
        agent=next((d.agent for d in drafts if d.agent), None),
        inputs=before.inputs,
        outputs=after.outputs or next((d.outputs for d in drafts if d.outputs), ()),
        system=before.system or next((d.system for d in drafts if d.system), ()),
        tool_calls=after.tool_calls or next((d.tool_calls for d in drafts if d.tool_calls), ()),
        model=next((d.model for d in drafts if d.model), None),
        finish_reasons=next((d.finish_reasons for d in drafts if d.finish_reasons), ()),
        input_tokens=_first_count([d.input_tokens for d in drafts]),
        output_tokens=_first_count([d.output_tokens for d in drafts]),
        outputs_recorded=any(d.outputs_recorded for d in drafts),
        failed=any(d.failed for d in drafts),
        error=next((d.error for d in drafts if d.error), None),
    )


def step_key(kind: StepKind, name: str) -> str:
    """`<kind>:<name>` without the ids and counters that differ from session to session."""
    clean = _COUNTER.sub("", _ID.sub("", name.strip())).strip(" -_:/#")
    return f"{kind.value}:{clean or kind.value}"


def is_id(name: str) -> bool:
    """True for a name that is nothing but an id."""
    return not _ID.sub("", name.strip()).strip(" -_:/#")


def text_of(span: Span, *keys: str) -> str | None:
    """The first of these attributes that is a non-empty string."""
    for key in keys:
        value = span.attributes.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def model_of(span: Span, *keys: str) -> str | None:
    """The first of these attributes that names a model."""
    return next((m for key in keys if (m := as_model(span.attributes.get(key)))), None)


def as_model(value: object) -> str | None:
    """A model's name, None for what is none."""
    name = value.strip() if isinstance(value, str) else ""
    return name if name and name.lower() not in _NO_MODEL else None


def count_of(span: Span, *keys: str) -> int | None:
    """The first of these attributes that is a count."""
    return _first_count([as_count(span.attributes.get(key)) for key in keys])


def as_count(value: object) -> int | None:
    """A count, None for what is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float) or (isinstance(value, str) and value.isdecimal()):
        return int(value) if value == value and value not in _ENDLESS else None
    return None


_ENDLESS = (float("inf"), float("-inf"))


def _first_count(counts: Sequence[int | None]) -> int | None:
    return next((c for c in counts if c is not None), None)


def error_of(span: Span) -> Located | None:
    """Where the span says what went wrong: its status, an exception event, its error type."""
    if span.status is SpanStatus.ERROR and span.status_message:
        return Located(text=span.status_message, span_id=span.span_id, field="status.message")
    thrown = exception_of(span)
    if thrown is not None and span.status is SpanStatus.ERROR:
        return thrown
    kind = text_of(span, "error.type")
    return (
        Located(text=span.attributes["error.type"], span_id=span.span_id, field="error.type")
        if kind
        else None
    )


def exception_of(span: Span) -> Located | None:
    """The first exception among the span's events."""
    for index, event in enumerate(span.events):
        for key in ("exception.message", "exception.type"):
            said = event.attributes.get(key)
            if isinstance(said, str) and said:
                return Located(text=said, span_id=span.span_id, field=event_field(span, index, key))
    return None
