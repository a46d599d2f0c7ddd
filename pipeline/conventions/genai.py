"""OpenTelemetry GenAI semantic conventions: messages as attributes, as events, and the older ones.

In: a span. Out: its draft, or None when the span does not follow these conventions. Next: `steps`.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.conventions.draft import Draft, count_of, text_of
from pipeline.conventions.messages import Conversation
from pipeline.conventions.quotes import as_text, is_list, parse_json
from pipeline.model.evidence import Located
from pipeline.model.span import Attributes, Span
from pipeline.model.step import Message, Role, StepKind

_LLM = {"chat", "text_completion", "generate_content", "completion", "message", "generate"}
_KINDS = {
    "invoke_agent": StepKind.AGENT,
    "create_agent": StepKind.WORKFLOW,
    "invoke_workflow": StepKind.WORKFLOW,
    "execute_tool": StepKind.TOOL,
    "embeddings": StepKind.RETRIEVAL,
    "retrieval": StepKind.RETRIEVAL,
}
_LEGACY = re.compile(r"gen_ai\.(prompt|completion)\.(\d+)\.(.+)\Z")
_EVENT_ROLES = {
    "gen_ai.system.message": Role.SYSTEM,
    "gen_ai.user.message": Role.USER,
    "gen_ai.tool.message": Role.TOOL,
    "gen_ai.assistant.message": Role.ASSISTANT,
}
_DETAILS = {"gen_ai.client.inference.operation.details"}
_INPUTS = ("gen_ai.input.messages", "gen_ai.prompt")
_OUTPUTS = ("gen_ai.output.messages", "gen_ai.completion")


def read(span: Span) -> Draft | None:
    """The draft of a GenAI span."""
    operation = (text_of(span, "gen_ai.operation.name") or "").lower()
    kind = _kind(span, operation)
    if kind is None:
        return None
    if kind is StepKind.TOOL:
        return _tool(span)
    return _conversation(span, kind, _name(span, kind, operation))


def _kind(span: Span, operation: str) -> StepKind | None:
    if operation in _KINDS:
        return _KINDS[operation]
    if operation in _LLM:
        return StepKind.LLM
    keys = span.attributes
    if "gen_ai.tool.name" in keys or "gen_ai.tool.call.arguments" in keys:
        return StepKind.TOOL
    has_text = any(k in keys for k in (*_INPUTS, *_OUTPUTS, "gen_ai.prompt.0.content"))
    if has_text or "gen_ai.request.model" in keys or _has_events(span):
        return StepKind.LLM
    return None


def _has_events(span: Span) -> bool:
    return any(e.name in _EVENT_ROLES or e.name in _DETAILS for e in span.events)


def _name(span: Span, kind: StepKind, operation: str) -> str:
    if kind is StepKind.AGENT:
        named = text_of(span, "gen_ai.agent.name")
        return named or span.name.removeprefix("invoke_agent").strip() or "agent"
    if kind is StepKind.WORKFLOW:
        return text_of(span, "gen_ai.workflow.name") or operation
    if kind is StepKind.RETRIEVAL:
        return text_of(span, "gen_ai.data_source.id", "gen_ai.data_source.name") or operation
    return operation or "chat"


def _conversation(span: Span, kind: StepKind, name: str) -> Draft:
    before, after = Conversation(span.span_id), Conversation(span.span_id)
    recorded = _read_attributes(span.attributes, before, after)
    recorded = _read_events(span, before, after) or recorded
    if kind is StepKind.RETRIEVAL:
        recorded = _read_documents(span.attributes, before, after) or recorded
    reasons = _finish_reasons(span.attributes.get("gen_ai.response.finish_reasons"))
    return Draft(
        kind=kind,
        name=name,
        inputs=tuple(before.messages),
        outputs=tuple(after.messages),
        system=tuple(before.system),
        tool_calls=tuple(after.calls),
        model=text_of(span, "gen_ai.request.model", "gen_ai.response.model"),
        finish_reasons=reasons or tuple(after.finish_reasons),
        input_tokens=count_of(span, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        output_tokens=count_of(
            span, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"
        ),
        outputs_recorded=recorded,
    )


def _read_attributes(attributes: Attributes, before: Conversation, after: Conversation) -> bool:
    """Read inputs and outputs; True when the attributes say what went out."""
    if "gen_ai.system_instructions" in attributes:
        before.read(
            "gen_ai.system_instructions", attributes["gen_ai.system_instructions"], Role.SYSTEM
        )
    for key in _INPUTS:
        if key in attributes and not before.messages:
            before.read(key, attributes[key], Role.USER)
    recorded = False
    for key in _OUTPUTS:
        if key in attributes and not recorded:
            after.read(key, attributes[key], Role.ASSISTANT)
            recorded = True
    if not before.messages:
        _read_indexed(attributes, "prompt", before, Role.USER)
    if not recorded:
        recorded = _read_indexed(attributes, "completion", after, Role.ASSISTANT)
    return recorded


def _read_indexed(attributes: Attributes, which: str, into: Conversation, default: Role) -> bool:
    """The flat form `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`."""
    indices = sorted({int(m[2]) for m in map(_LEGACY.match, attributes) if m and m[1] == which})
    for index in indices:
        base = f"gen_ai.{which}.{index}"
        role = _EVENT_ROLES.get(f"gen_ai.{attributes.get(base + '.role')}.message", default)
        content = attributes.get(base + ".content")
        if content is not None:
            into.add(role, content, base + ".content")
        reason = attributes.get(base + ".finish_reason")
        if isinstance(reason, str):
            into.finish_reasons.append(reason)
    return bool(indices)


def _read_events(span: Span, before: Conversation, after: Conversation) -> bool:
    recorded = False
    for index, event in enumerate(span.events):
        before.prefix = after.prefix = f"events/{index}/"
        if event.name in _DETAILS:
            recorded = _read_attributes(event.attributes, before, after) or recorded
        elif event.name in _EVENT_ROLES:
            _read_event(event.attributes, before, _EVENT_ROLES[event.name])
        elif event.name == "gen_ai.choice":
            recorded = True
            _read_event(event.attributes, after, Role.ASSISTANT)
        elif event.name in ("gen_ai.content.prompt", "gen_ai.content.completion"):
            recorded = _read_attributes(event.attributes, before, after) or recorded
    before.prefix = after.prefix = ""
    return recorded


def _read_event(attributes: Mapping[str, Any], into: Conversation, role: Role) -> None:
    for key in ("gen_ai.event.content", "message", "content"):
        if key in attributes:
            into.read(key, attributes[key], role)
            return


def _read_documents(attributes: Attributes, before: Conversation, after: Conversation) -> bool:
    if "gen_ai.retrieval.query.text" in attributes:
        before.add(
            Role.USER, attributes["gen_ai.retrieval.query.text"], "gen_ai.retrieval.query.text"
        )
    key = "gen_ai.retrieval.documents"
    if key not in attributes:
        return False
    after.read(key, attributes[key], Role.TOOL)
    return True


def _finish_reasons(value: object) -> tuple[str, ...]:
    parsed = parse_json(value) if isinstance(value, str) else value
    if is_list(parsed):
        return tuple(str(r) for r in parsed)
    return (value,) if isinstance(value, str) and value else ()


def _tool(span: Span) -> Draft:
    name = text_of(span, "gen_ai.tool.name")
    inputs = _located(span, "gen_ai.tool.call.arguments", Role.ASSISTANT)
    outputs = _located(span, "gen_ai.tool.call.result", Role.TOOL)
    if not outputs:
        conversation = Conversation(span.span_id)
        _read_events(span, conversation, Conversation(span.span_id))
        outputs = tuple(m for m in conversation.messages if m.role is Role.TOOL)
    return Draft(
        kind=StepKind.TOOL,
        name=name or span.name.removeprefix("execute_tool").strip() or "tool",
        inputs=inputs,
        outputs=outputs,
        outputs_recorded=bool(outputs),
    )


def _located(span: Span, key: str, role: Role) -> tuple[Message, ...]:
    value = span.attributes.get(key)
    if value is None:
        return ()
    content = Located(text=as_text(value), span_id=span.span_id, field=key)
    return (Message(role=role, content=content),)
