"""Pure: the steps of a session in the words of `expected.json`, one fact a field.

In: spans, the facts that the recorder wrote. Out: per field what was read and what was to be read.
Next: `tests/unit/test_recordings.py` wants them equal.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, cast

from pipeline.conventions.quotes import parse_json, read_field
from pipeline.conventions.steps import read_steps
from pipeline.model.evidence import Located
from pipeline.model.span import Span
from pipeline.model.step import Message, Step, StepKind

Session = Mapping[str, Any]
Reader = Callable[[Sequence[Step]], Any]
Writer = Callable[[Session], Any]


class Compared(NamedTuple):
    """One field of one recording."""

    read: Any
    expected: Any


@dataclass(frozen=True)
class Read:
    """What was read of one session."""

    spans: Sequence[Span]
    steps: Sequence[Step]


def read_sessions(sessions: Mapping[str, Sequence[Span]]) -> dict[str, Read]:
    """The steps of every session."""
    return {name: Read(spans, read_steps(spans)) for name, spans in sessions.items()}


def compare(
    field: str,
    sessions: Mapping[str, Read],
    facts: Mapping[str, Session],
    left_out: Collection[str] = (),
) -> Compared:
    """What was read and what was to be read, session by session."""
    if field == "sessions":
        return Compared(sorted(sessions), sorted(facts))
    if field == "quotes":
        return Compared([_lost(read) for read in sessions.values()], [[] for _ in sessions])
    read, expect = FIELDS[field]
    facts = {s: f for s, f in facts.items() if s not in left_out}
    return Compared(
        {s: read(sessions[s].steps) if s in sessions else None for s in facts},
        {s: expect(f) for s, f in facts.items()},
    )


def _llm(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.kind is StepKind.LLM]


def _joined(messages: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Parts of one message may be read apart: neighbours of one role are one text."""
    groups = groupby(
        ((r, _result(t) if r == "tool" else t) for r, t in messages), key=itemgetter(0)
    )
    return [[role, "\n".join(text for _, text in group)] for role, group in groups]


def _result(text: str) -> str:
    """Google's wire carries a tool's text as `{"result": text}`; both are faithful."""
    data = parse_json(text)
    if isinstance(data, dict) and list(cast("dict[str, Any]", data)) == ["result"]:
        return str(cast("dict[str, Any]", data)["result"])
    return text


def _said(messages: Iterable[Message]) -> list[list[str]]:
    return _joined((m.role.value, m.content.text) for m in messages if m.content.text)


def _output(step: Step) -> str:
    return "".join(m.content.text for m in step.outputs)


def _asked(name: str, arguments: Located | None) -> dict[str, Any]:
    return {"name": name, "arguments": json.loads(arguments.text) if arguments else None}


def _by_text(items: Iterable[Any]) -> list[Any]:
    """Parallel tools end in any order."""
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))


def _runs(steps: Sequence[Step]) -> list[dict[str, Any]]:
    tools = [step for step in steps if step.kind is StepKind.TOOL]
    return _by_text(
        {
            "agent": step.agent,
            "name": step.name,
            "result": _result(_output(step)),
        }
        for step in tools
    )


def _arguments(steps: Sequence[Step]) -> list[Any]:
    """What tools were called with; text that is no JSON stays text."""
    given = ["".join(m.content.text for m in s.inputs) for s in steps if s.kind is StepKind.TOOL]
    return _by_text(parse_json(text) or text for text in given)


def _model(step: Step) -> str | None:
    """Some say the dated name that answered."""
    name = step.model or ""
    return next((m for m in _MODELS if name == m or name.startswith(f"{m}-2025")), step.model)


_MODELS = ("gpt-4.1-mini", "claude-sonnet-4-5", "gemini-2.5-flash")


def _lost(read: Read) -> list[str]:
    """Fields of steps from which their text cannot be read back."""
    by_id = {span.span_id: span for span in read.spans}
    return [
        place.field
        for step in read.steps
        for place in _places(step)
        if place.text not in (read_field(by_id[place.span_id], place.field) or "")
    ]


def _places(step: Step) -> list[Located]:
    places = [m.content for m in (*step.inputs, *step.outputs)] + list(step.system)
    places += [call.arguments for call in step.tool_calls if call.arguments]
    return [*places, step.error] if step.error else places


FIELDS: Mapping[str, tuple[Reader, Writer]] = {
    "calls": (lambda steps: len(_llm(steps)), lambda s: len(s["calls"])),
    "agents": (
        lambda steps: [step.agent for step in _llm(steps)],
        lambda s: [call["agent"] for call in s["calls"]],
    ),
    "models": (
        lambda steps: [_model(step) for step in _llm(steps)],
        lambda s: [call["model"] for call in s["calls"]],
    ),
    "system": (
        lambda steps: ["\n".join(p.text for p in step.system) for step in _llm(steps)],
        lambda s: ["\n".join(call["system"]) for call in s["calls"]],
    ),
    "inputs": (
        lambda steps: [_said(step.inputs) for step in _llm(steps)],
        lambda s: [_joined(call["input"]) for call in s["calls"]],
    ),
    "outputs": (
        lambda steps: [_output(step) for step in _llm(steps)],
        lambda s: [call["output"] for call in s["calls"]],
    ),
    "tool_calls": (
        lambda steps: [[_asked(c.name, c.arguments) for c in s.tool_calls] for s in _llm(steps)],
        lambda s: [call["tool_calls"] for call in s["calls"]],
    ),
    "tools": (
        _runs,
        lambda s: _by_text({k: t[k] for k in ("agent", "name", "result")} for t in s["tools"]),
    ),
    "tool_arguments": (_arguments, lambda s: _by_text(t["arguments"] for t in s["tools"])),
    "tokens": (
        lambda steps: [
            None if s.failed or s.input_tokens is None else [s.input_tokens, s.output_tokens]
            for s in _llm(steps)
        ],
        lambda s: [call["tokens"] for call in s["calls"]],
    ),
    "errors": (
        lambda steps: [step.failed and step.error is not None for step in _llm(steps)],
        lambda s: ["error" in call for call in s["calls"]],
    ),
}

NAMES = ("sessions", "quotes", *FIELDS)
