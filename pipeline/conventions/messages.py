"""Messages: a conversation as any GenAI instrumentation writes it, read into located texts.

In: an attribute's value (a JSON string or structured) and its key. Out: messages, system texts and
tool calls, each with its exact field. Next: `genai` puts them into drafts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pipeline.conventions.quotes import as_text, is_list, parse_json
from pipeline.model.evidence import Located
from pipeline.model.step import Message, Role, ToolCall

_ROLES = {
    "system": Role.SYSTEM, "developer": Role.SYSTEM,
    "user": Role.USER, "human": Role.USER,
    "assistant": Role.ASSISTANT, "ai": Role.ASSISTANT, "model": Role.ASSISTANT,
    "tool": Role.TOOL, "function": Role.TOOL, "tool_result": Role.TOOL,
}  # fmt: skip
_REASONING = {"reasoning", "thinking", "redacted_thinking", "reasoning_content"}
_RESULTS = {"tool_call_response", "tool_result", "function_call_output", "tool-result"}
_CALLS = {"tool_call", "tool_use", "function_call", "tool-call"}
_LISTS = ("messages", "message", "choices", "contents")


@dataclass
class Conversation:
    """What was read so far, in order."""

    span_id: str
    prefix: str = ""
    messages: list[Message] = field(default_factory=list[Message])
    system: list[Located] = field(default_factory=list[Located])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    finish_reasons: list[str] = field(default_factory=list[str])

    def add(self, role: Role, value: object, place: str) -> None:
        """Keep a text at `place`; system texts are kept apart."""
        if value is None:
            return
        located = Located(text=as_text(value), span_id=self.span_id, field=self.prefix + place)
        if role is Role.SYSTEM:
            self.system.append(located)
        else:
            self.messages.append(Message(role=role, content=located))

    def read(self, key: str, value: object, default: Role) -> None:
        """Read the attribute `key`. A string that is not JSON is one text of the default role."""
        parsed = parse_json(value) if isinstance(value, str) else value
        if isinstance(value, str) and not isinstance(parsed, list | dict):
            self.add(default, value, key)
        elif is_list(parsed):
            for index, item in enumerate(parsed):
                self._message(item, f"{key}/{index}", default)
        elif isinstance(parsed, Mapping):
            self._object(cast(Mapping[str, Any], parsed), key, value, default)

    def _object(self, data: Mapping[str, Any], key: str, value: object, default: Role) -> None:
        inner = next((n for n in _LISTS if is_list(data.get(n))), None)
        if inner is not None:
            for index, item in enumerate(data[inner]):
                self._message(item, f"{key}/{inner}/{index}", default)
        elif data.keys() & {"role", "content", "parts", "text", "tool_calls", "message"}:
            self._message(data, key, default)
        else:
            self.add(default, value, key)

    def _message(self, item: object, place: str, default: Role) -> None:
        if not isinstance(item, Mapping):
            self.add(default, item, place)
            return
        data = cast(Mapping[str, Any], item)
        if isinstance(data.get("message"), Mapping):
            self._finish(data)
            self._message(data["message"], place + "/message", default)
            return
        role = _ROLES.get(str(data.get("role") or data.get("type") or "").lower(), default)
        self._finish(data)
        if "role" not in data and str(data.get("type", "")) in _CALLS | _RESULTS | _REASONING | {
            "text"
        }:
            self._part(data, place, default)
            return
        for name in ("parts", "content", "text"):
            if name in data:
                self._content(data[name], f"{place}/{name}", role)
                break
        self._openai_calls(data, place)

    def _finish(self, data: Mapping[str, Any]) -> None:
        reason = data.get("finish_reason")
        if isinstance(reason, str) and reason:
            self.finish_reasons.append(reason)

    def _content(self, content: object, place: str, role: Role) -> None:
        if is_list(content):
            for index, part in enumerate(content):
                self._part(part, f"{place}/{index}", role)
        elif isinstance(content, Mapping) and "type" in content:
            self._part(cast(Mapping[str, Any], content), place, role)
        else:
            self.add(role, content, place)

    def _part(self, part: object, place: str, role: Role) -> None:
        if not isinstance(part, Mapping):
            self.add(role, part, place)
            return
        data = cast(Mapping[str, Any], part)
        kind = str(data.get("type", "text"))
        if kind in _REASONING:
            return
        if kind in _CALLS:
            self._call(data, place)
            return
        names = (
            ("response", "result", "output", "content") if kind in _RESULTS else ("content", "text")
        )
        name = next((n for n in names if data.get(n) is not None), None)
        if name is not None:
            self.add(Role.TOOL if kind in _RESULTS else role, data[name], f"{place}/{name}")

    def _openai_calls(self, data: Mapping[str, Any], place: str) -> None:
        calls = data.get("tool_calls")
        for index, call in enumerate(calls if is_list(calls) else ()):
            if isinstance(call, Mapping):
                self._call(cast(Mapping[str, Any], call), f"{place}/tool_calls/{index}")

    def _call(self, data: Mapping[str, Any], place: str) -> None:
        inner = data.get("function")
        if isinstance(inner, Mapping):
            self._call(
                {**cast(Mapping[str, Any], inner), "id": data.get("id")}, place + "/function"
            )
            return
        name = next((n for n in ("arguments", "input", "args") if data.get(n) is not None), None)
        arguments = None
        if name is not None:
            place = self.prefix + f"{place}/{name}"
            arguments = Located(text=as_text(data[name]), span_id=self.span_id, field=place)
        call_id = data.get("id") or data.get("call_id")
        self.calls.append(
            ToolCall(
                name=str(data.get("name") or ""),
                arguments=arguments,
                call_id=str(call_id) if call_id else None,
            )
        )
