"""Spans of small made-up sessions, for the tests of conventions and detectors.

In: who is given what and answers what. Out: spans. Next: the unit tests read steps from them.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.conventions.steps import read_steps
from pipeline.model.detection import Detection
from pipeline.model.session import EnrichResult
from pipeline.model.span import Span, SpanStatus
from pipeline.signals.enrich import enrich

SECOND = 1_000_000_000
DATA = Path(__file__).parents[2].parent / "shared" / "data"


def span(
    span_id: str,
    name: str,
    start: float,
    end: float,
    attributes: Mapping[str, Any] | None = None,
    *,
    parent: str | None = "root",
    status: SpanStatus = SpanStatus.UNSET,
    **more: Any,
) -> Span:
    """One span of trace `t`; times in seconds."""
    return Span(
        trace_id=more.pop("trace_id", "t"),
        span_id=span_id,
        parent_id=parent,
        name=name,
        kind=more.pop("kind", 1),
        start=int(start * SECOND),
        end=int(end * SECOND),
        status=status,
        attributes=attributes or {},
        **more,
    )


def root(**more: Any) -> Span:
    """The root of trace `t`."""
    return span("root", "request", 0, 1000, parent=None, **more)


def message(role: str, text: str) -> dict[str, Any]:
    """One message in the current convention."""
    kind = "tool_call_response" if role == "tool" else "text"
    key = "response" if role == "tool" else "content"
    return {"role": role, "parts": [{"type": kind, key: text}]}


def chat(
    span_id: str, start: float, given: Sequence[dict[str, Any]], answer: str, **more: Any
) -> Span:
    """A chat span; `system` and further attributes by keyword."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.input.messages": json.dumps(list(given)),
        "gen_ai.output.messages": json.dumps([message("assistant", answer)]),
        **more.pop("attributes", {}),
    }
    if "system" in more:
        said = [{"type": "text", "content": more.pop("system")}]
        attributes["gen_ai.system_instructions"] = json.dumps(said)
    if "agent" in more:
        attributes["gen_ai.agent.name"] = more.pop("agent")
    return span(span_id, "chat gpt", start, start + 0.5, attributes, **more)


def tool(span_id: str, start: float, name: str, result: str, **more: Any) -> Span:
    """A tool span."""
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.arguments": more.pop("arguments", "{}"),
        "gen_ai.tool.call.result": result,
    }
    return span(span_id, f"execute_tool {name}", start, start + 0.1, attributes, **more)


def agent(
    number: int,
    name: str,
    given: str,
    answer: str,
    tools: Sequence[tuple[str, str]] = (),
    **more: Any,
) -> list[Span]:
    """An agent span with one chat below it, after the tools it called."""
    at, me = float(number), f"a{number}"
    attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name}
    spans = [span(me, f"invoke_agent {name}", at, at + 0.9, attributes)]
    messages = [message("user", given)]
    for index, (tool_name, result) in enumerate(tools):
        spans.append(tool(f"{me}t{index}", at + 0.01 * (index + 1), tool_name, result, parent=me))
        messages.append(message("tool", result))
    spans.append(chat(f"{me}c", at + 0.3, messages, answer, parent=me, **more))
    return spans


def conversation(*said: str, system: str = "Help the user.") -> list[Span]:
    """A chat of one agent: user and assistant by turns, one chat span an answer."""
    spans = [root()]
    history: list[dict[str, Any]] = []
    for index in range(0, len(said) - 1, 2):
        history.append(message("user", said[index]))
        spans.append(
            chat(f"c{index}", 1 + index, history, said[index + 1], system=system, agent="desk")
        )
        history.append(message("assistant", said[index + 1]))
    return spans


def enriched(spans: Sequence[Span]) -> EnrichResult:
    """Steps and enrich in one."""
    return enrich(read_steps(spans), spans)


def handed(given: str, answer: str, tools: Sequence[tuple[str, str]] = ()) -> dict[str, Detection]:
    """The detections of one agent with one input and one answer, by name."""
    spans = [root(), *agent(1, "clerk", given, answer, tools)]
    return {d.name: d for d in enriched(spans).detections}


def loss(given: str, answer: str, name: str, tools: Sequence[tuple[str, str]] = ()) -> float:
    """The value of one handoff trait; what was not measured is 0."""
    found = handed(given, answer, tools).get(f"handoff.{name}")
    return found.value if found else 0.0


def tau_sessions(limit: int) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """The first sessions of the recorded airline data."""
    with gzip.open(DATA / "tau-airline.otlp.jsonl.gz", "rt") as lines:
        for _, line in zip(range(limit), lines, strict=False):
            spans = tuple(
                _recorded(s)
                for rs in json.loads(line)["resourceSpans"]
                for ss in rs["scopeSpans"]
                for s in ss["spans"]
            )
            yield spans[0].attributes["gen_ai.conversation.id"], spans


def _recorded(data: dict[str, Any]) -> Span:
    status = data.get("status", {})
    return Span(
        trace_id=data["traceId"],
        span_id=data["spanId"],
        parent_id=data.get("parentSpanId") or None,
        name=data["name"],
        kind=data["kind"],
        start=int(data["startTimeUnixNano"]),
        end=int(data["endTimeUnixNano"]),
        status=SpanStatus.ERROR if status.get("code") == 2 else SpanStatus.UNSET,
        status_message=status.get("message", ""),
        attributes={a["key"]: a["value"]["stringValue"] for a in data["attributes"]},
    )
