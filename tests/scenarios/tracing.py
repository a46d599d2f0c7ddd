"""Spans of a made-up session in OpenTelemetry's GenAI conventions, and their OTLP/JSON lines."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.model.span import Span, SpanStatus

DAY = 1_770_000_000_000_000_000
SECOND = 1_000_000_000
CODES = {SpanStatus.UNSET: 0, SpanStatus.OK: 1, SpanStatus.ERROR: 2}


@dataclass(frozen=True)
class Tool:
    """One tool call with its result."""

    name: str
    arguments: dict[str, Any]
    result: str
    failed: bool = False


@dataclass
class Recorder:
    """Writes the spans of one session; times are made up from the texts' lengths."""

    session_id: str
    project: str
    number: int
    user: str | None = None
    spans: list[Span] = field(default_factory=list[Span])

    def __post_init__(self) -> None:
        self.trace_id = _hex(f"{self.project}/{self.session_id}", 32)
        self.now = DAY + self.number * 60 * SECOND
        self.begin = self.now
        self.root = self._id("root")

    def agent(
        self,
        name: str,
        system: str,
        given: str,
        answer: str,
        *,
        tools: Sequence[Tool] = (),
        model: str = "orion-2",
        finish: str = "stop",
        speaks: bool = True,
        parent: str | None = None,
    ) -> None:
        """One invocation: an agent span, a model call around each tool call, one for the answer."""
        span_id, start = self._id(f"agent {name}"), self.now
        talk = [_message("user", given)]
        for i, tool in enumerate(tools):
            asked = _call(f"c{i}", tool.name, tool.arguments)
            self._chat(name, span_id, system, talk, asked, model, "tool_calls")
            self._tool(name, span_id, tool, i)
            talk = [*talk, asked, _response(f"c{i}", tool.result)]
        final = _message("assistant", answer, finish)
        self._chat(name, span_id, system, talk, final, model, finish)
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": name,
        }
        if speaks:
            attributes["gen_ai.input.messages"] = json.dumps([_message("user", given)])
            attributes["gen_ai.output.messages"] = json.dumps([final])
        self._add(span_id, parent or self.root, f"invoke_agent {name}", start, attributes)
        self.now += SECOND // 50

    def coordinator(
        self, name: str, system: str, given: str, calls: Sequence[tuple[str, Callable[[str], str]]]
    ) -> None:
        """An agent that calls the others as tools, each inside its own span, and passes the last
        answer on. Each call is given the tool span to hang under and returns its answer."""
        span_id, start = self._id(f"agent {name}"), self.now
        talk = [_message("user", given)]
        answer = given
        for i, (callee, call) in enumerate(calls):
            arguments = {"task": answer}
            asked = _call(f"d{i}", callee, arguments)
            self._chat(name, span_id, system, talk, asked, "orion-2", "tool_calls")
            began, tool_id = self.now, self._id(f"delegate {callee}")
            answer = call(tool_id)
            attributes = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.agent.name": name,
                "gen_ai.tool.name": callee,
                "gen_ai.tool.call.id": f"d{i}",
                "gen_ai.tool.call.arguments": json.dumps(arguments),
                "gen_ai.tool.call.result": answer,
            }
            self._add(tool_id, span_id, f"execute_tool {callee}", began, attributes)
            talk = [*talk, asked, _response(f"d{i}", answer)]
        final = _message("assistant", answer, "stop")
        self._chat(name, span_id, system, talk, final, "orion-2", "stop")
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": name,
            "gen_ai.input.messages": json.dumps([_message("user", given)]),
            "gen_ai.output.messages": json.dumps([final]),
        }
        self._add(span_id, self.root, f"invoke_agent {name}", start, attributes)

    def finished(self) -> list[Span]:
        """All spans with the root."""
        attributes = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "run"}
        self._add(self.root, None, "run", self.begin, attributes)
        return self.spans

    def _chat(
        self,
        agent: str,
        parent: str,
        system: str,
        talk: list[dict[str, Any]],
        answer: dict[str, Any],
        model: str,
        finish: str,
    ) -> None:
        size = len(json.dumps(talk)) + len(json.dumps(answer)) * 4
        noise = int(_hex(f"{self.session_id} {agent} {len(self.spans)}", 4), 16) / 65536
        start, self.now = self.now, self.now + int((0.3 + size / 4000) * (0.7 + noise) * SECOND)
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.agent.name": agent,
            "gen_ai.request.model": model,
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": system}]),
            "gen_ai.input.messages": json.dumps(talk),
            "gen_ai.output.messages": json.dumps([answer]),
            "gen_ai.response.finish_reasons": [finish],
            "gen_ai.usage.input_tokens": (len(system) + size) // 4,
            "gen_ai.usage.output_tokens": len(json.dumps(answer)) // 4,
        }
        self._add(self._id(f"chat {len(self.spans)}"), parent, f"chat {model}", start, attributes)

    def _tool(self, agent: str, parent: str, tool: Tool, i: int) -> None:
        start, self.now = self.now, self.now + SECOND // 4
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.agent.name": agent,
            "gen_ai.tool.name": tool.name,
            "gen_ai.tool.call.id": f"c{i}",
            "gen_ai.tool.call.arguments": json.dumps(tool.arguments),
            "gen_ai.tool.call.result": tool.result,
        }
        status = SpanStatus.ERROR if tool.failed else SpanStatus.UNSET
        span_id = self._id(f"tool {len(self.spans)}")
        self._add(span_id, parent, f"execute_tool {tool.name}", start, attributes, status)

    def _add(
        self,
        span_id: str,
        parent: str | None,
        name: str,
        start: int,
        attributes: dict[str, Any],
        status: SpanStatus = SpanStatus.UNSET,
    ) -> None:
        common: dict[str, Any] = {"gen_ai.conversation.id": self.session_id}
        if self.user:
            common["user.id"] = self.user
        self.spans.append(
            Span(
                trace_id=self.trace_id,
                span_id=span_id,
                parent_id=parent,
                name=name,
                kind=1,
                start=start,
                end=self.now,
                status=status,
                attributes={**common, **attributes},
                resource={"service.name": self.project, "kelet.project": self.project},
            )
        )

    def _id(self, what: str) -> str:
        return _hex(f"{self.trace_id} {what} {len(self.spans)}", 16)


def _hex(text: str, n: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:n]


def _message(role: str, text: str, finish: str | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": role, "parts": [{"type": "text", "content": text}]}
    return {**message, "finish_reason": finish} if finish else message


def _call(call_id: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The assistant's message that asks for a tool."""
    call = {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}
    return {"role": "assistant", "parts": [call], "finish_reason": "tool_calls"}


def _response(call_id: str, result: str) -> dict[str, Any]:
    """The message with what the tool gave back."""
    part = {"type": "tool_call_response", "id": call_id, "response": result}
    return {"role": "tool", "parts": [part]}


def otlp_line(spans: Iterable[Span]) -> str:
    """One OTLP/JSON `ExportTraceServiceRequest`, as the Collector's file exporter writes it."""
    ordered = list(spans)
    resource = {"attributes": _attributes(ordered[0].resource)}
    scope = {"scope": {"name": "scenario"}, "spans": [_json(span) for span in ordered]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]})


def _json(span: Span) -> dict[str, Any]:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        **({"parentSpanId": span.parent_id} if span.parent_id else {}),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(span.end),
        "attributes": _attributes(span.attributes),
        "status": {"code": CODES[span.status]} if CODES[span.status] else {},
    }


def _attributes(values: Any) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_value(v) for v in value]}}
    return {"stringValue": str(value)}


def read_otlp_line(line: str) -> list[Span]:
    """The spans of an OTLP/JSON line (hex ids)."""
    spans: list[Span] = []
    for group in json.loads(line)["resourceSpans"]:
        resource = _plain(group.get("resource", {}).get("attributes", []))
        for scope in group["scopeSpans"]:
            spans += [_span(s, resource) for s in scope["spans"]]
    return spans


def _span(given: dict[str, Any], resource: dict[str, Any]) -> Span:
    status = given.get("status", {})
    return Span(
        trace_id=given["traceId"],
        span_id=given["spanId"],
        parent_id=given.get("parentSpanId") or None,
        name=given["name"],
        kind=given.get("kind", 0),
        start=int(given["startTimeUnixNano"]),
        end=int(given["endTimeUnixNano"]),
        status={v: k for k, v in CODES.items()}[status.get("code", 0)],
        status_message=status.get("message", ""),
        attributes=_plain(given.get("attributes", [])),
        resource=resource,
    )


def _plain(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: _read_value(pair["value"]) for pair in pairs}


def _read_value(value: dict[str, Any]) -> Any:
    if "arrayValue" in value:
        return [_read_value(v) for v in value["arrayValue"].get("values", [])]
    if "intValue" in value:
        return int(value["intValue"])
    return next(iter(value.values()), "")
