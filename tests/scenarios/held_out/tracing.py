"""Writes the spans of one session as an instrumented application would export them.

In: who said what to whom. Out: one OTLP/JSON request line (the Collector's file exporter format,
OpenTelemetry GenAI conventions). Next: the applications call `Recorder.run` once an agent acts.
"""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, Literal, NamedTuple

from tests.scenarios.held_out.truth import Line

MILLION = 1_000_000
JsonSpan = dict[str, Any]
Said = tuple[str, str]
"""Role and text."""


class Shape(NamedTuple):
    """How an application's spans look."""

    service: str
    style: Literal["agents", "agents_io", "chats"] = "agents"
    root: str | None = "POST /run"
    split: bool = False
    """A trace for every run of an agent, joined by the conversation id alone."""
    users: int = 0
    """So many different users; 0: nobody says who it is."""
    model: str = "gpt-4.1"


class Call(NamedTuple):
    """A tool call and what came back."""

    name: str
    arguments: Mapping[str, object]
    result: str
    error: str | None = None


class Recorder:
    """Spans of one session; time passes with what is said."""

    def __init__(self, rng: Random, shape: Shape, session_id: str, start: int) -> None:
        self.rng = rng
        self.shape = shape
        self.session_id = session_id
        self.user = f"u-{rng.randrange(shape.users):04d}" if shape.users else None
        self.now = start
        self._spans: list[JsonSpan] = []
        self._open: list[JsonSpan] = []
        self._trace = self._id(16)

    def line(self) -> Line:
        """The whole session as one export request."""
        resource = {"service.name": self.shape.service, "telemetry.sdk.language": "python"}
        scope = {"scope": {"name": "app.telemetry", "version": "2.3.1"}, "spans": self._spans}
        return {
            "resourceSpans": [
                {"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scope]}
            ]
        }

    def new_trace(self) -> None:
        """What follows stands in another trace of the same session."""
        self._trace = self._id(16)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += int(seconds * 1000) * MILLION

    @contextmanager
    def span(
        self,
        name: str,
        attributes: Mapping[str, object],
        *,
        kind: int = 1,
        error: str | None = None,
    ) -> Generator[JsonSpan]:
        """An open span; what is written inside becomes its child."""
        own: dict[str, object] = {"gen_ai.conversation.id": self.session_id, **attributes}
        if self.user is not None:
            own["user.id"] = self.user
        span: JsonSpan = {"traceId": self._trace, "spanId": self._id(8), "name": name, "kind": kind}
        if self._open:
            span["parentSpanId"] = self._open[-1]["spanId"]
        span["startTimeUnixNano"] = str(self.now)
        span["status"] = {} if error is None else {"code": 2, "message": error}
        self._open.append(span)
        self.now += self.rng.randint(1, 9) * MILLION
        yield own
        self.now += self.rng.randint(1, 9) * MILLION
        self._open.pop()
        span["endTimeUnixNano"] = str(self.now)
        span["attributes"] = _attributes(own)
        self._spans.append(span)

    @contextmanager
    def turn(self) -> Generator[None]:
        """One request to the application: a root span when its shape has one."""
        if self.shape.root is None or self.shape.split:
            yield
            return
        with self.span(self.shape.root, {"http.request.method": "POST"}, kind=2):
            yield

    def run(
        self,
        agent: str,
        system: str,
        asked: str | Sequence[Said],
        answer: str,
        *,
        calls: Sequence[Call] = (),
        model: str | None = None,
        finish: str = "stop",
    ) -> str:
        """One run of an agent: its calls of tools, each after a chat that asks for it, and the answer."""
        messages = [("user", asked)] if isinstance(asked, str) else list(asked)
        talk = [_message(role, text) for role, text in messages]
        if self.shape.split:
            self.new_trace()
        if self.shape.style == "chats":
            self._talk(agent, system, talk, answer, calls, model, finish)
            return answer
        named = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent}
        with self.span(f"invoke_agent {agent}", named) as own:
            if self.shape.style == "agents_io":
                own["gen_ai.input.messages"] = json.dumps(talk, ensure_ascii=False)
                said = [_message("assistant", answer)]
                own["gen_ai.output.messages"] = json.dumps(said, ensure_ascii=False)
            self._talk(agent, system, talk, answer, calls, model, finish)
        return answer

    def _talk(
        self,
        agent: str,
        system: str,
        talk: list[Line],
        answer: str,
        calls: Sequence[Call],
        model: str | None,
        finish: str,
    ) -> None:
        for call in calls:
            call_id = f"call_{self._id(6)}"
            asks = {"type": "tool_call", "id": call_id, "name": call.name}
            wish = {"role": "assistant", "parts": [{**asks, "arguments": call.arguments}]}
            self._chat(agent, system, talk, wish, model, "tool_calls")
            self._tool(agent, call, call_id)
            gives = {"type": "tool_call_response", "id": call_id, "response": call.result}
            talk = [*talk, wish, {"role": "tool", "parts": [gives]}]
        self._chat(agent, system, talk, _message("assistant", answer), model, finish)

    def _chat(
        self,
        agent: str,
        system: str,
        talk: Sequence[Line],
        out: Line,
        model: str | None,
        finish: str,
    ) -> None:
        model = model or self.shape.model
        said = json.dumps([{**out, "finish_reason": finish}], ensure_ascii=False)
        heard = json.dumps(list(talk), ensure_ascii=False)
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.agent.name": agent,
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": model,
            "gen_ai.response.model": model,
            "gen_ai.system_instructions": json.dumps(
                [{"type": "text", "content": system}], ensure_ascii=False
            ),
            "gen_ai.input.messages": heard,
            "gen_ai.output.messages": said,
            "gen_ai.response.finish_reasons": [finish],
            "gen_ai.usage.input_tokens": (len(heard) + len(system)) // 4,
            "gen_ai.usage.output_tokens": len(said) // 4,
        }
        with self.span(f"chat {model}", attributes, kind=3):
            self.wait(0.4 + len(said) / 400 + self.rng.random())

    def _tool(self, agent: str, call: Call, call_id: str) -> None:
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.agent.name": agent,
            "gen_ai.tool.name": call.name,
            "gen_ai.tool.call.id": call_id,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.arguments": json.dumps(call.arguments, ensure_ascii=False),
            "gen_ai.tool.call.result": call.result,
        }
        with self.span(f"execute_tool {call.name}", attributes, error=call.error):
            self.wait(0.1 + self.rng.random())

    def _id(self, n_bytes: int) -> str:
        return f"{self.rng.getrandbits(8 * n_bytes):0{2 * n_bytes}x}"


def _message(role: str, text: str) -> Line:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _attributes(pairs: Mapping[str, object]) -> list[Line]:
    return [{"key": key, "value": _value(value)} for key, value in pairs.items()]


def _value(value: object) -> Line:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            items: list[object] = list(value)  # pyright: ignore[reportUnknownArgumentType]
            return {"arrayValue": {"values": [_value(item) for item in items]}}
        case _:
            return {"stringValue": str(value)}
