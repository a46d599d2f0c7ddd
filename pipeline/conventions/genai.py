"""OpenTelemetry GenAI semantic conventions: messages as attributes, as events, and the older ones.

In: a span. Out: its draft, as far as it follows these conventions. Next: `registry`.

The current form has `gen_ai.input.messages` and `gen_ai.output.messages`, on the span or on its
`gen_ai.client.inference.operation.details` event; the older ones have one event a message
(`gen_ai.user.message`, `gen_ai.choice`) or `gen_ai.prompt` and `gen_ai.completion`. An event that came
as a log record is a span of its own, made by `exporter.logs`, which holds it.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.conventions.draft import Claim, Convention, Draft, count_of, model_of, text_of
from pipeline.conventions.messages import Conversation
from pipeline.conventions.parts import payload
from pipeline.conventions.places import Node, family
from pipeline.conventions.quotes import event_field
from pipeline.conventions.vocabulary import located, tool_outputs
from pipeline.model.span import Attributes, Span
from pipeline.model.step import Message, Role, StepKind

_LLM = {"chat", "text_completion", "generate_content", "completion", "message", "generate",
        "response", "responses", "messages"}  # fmt: skip
_KINDS = {
    "invoke_agent": StepKind.AGENT,
    "create_agent": StepKind.WORKFLOW,
    "invoke_workflow": StepKind.WORKFLOW,
    "execute_task": StepKind.WORKFLOW,
    "execute_tool": StepKind.TOOL,
    "tool_call": StepKind.TOOL,
    "embeddings": StepKind.RETRIEVAL,
    "retrieval": StepKind.RETRIEVAL,
    "vector_db_retrieve": StepKind.RETRIEVAL,
}
_NO_TOOLS = {"(merged tools)"}
"""Google ADK's gathering of parallel results, no tool of its own."""
_EVENT_ROLES = {
    "gen_ai.system.message": Role.SYSTEM,
    "gen_ai.user.message": Role.USER,
    "gen_ai.tool.message": Role.TOOL,
    "gen_ai.assistant.message": Role.ASSISTANT,
}
_DETAILS = {"gen_ai.client.inference.operation.details"}
_RECORD_RANKS = {
    "gen_ai.client.inference.operation.details": -1,
    "gen_ai.system.message": 0,
    "gen_ai.user.message": 1,
    "gen_ai.assistant.message": 2,
    "gen_ai.tool.message": 3,
    "gen_ai.choice": 4,
}
_CONTENTS = {"gen_ai.content.prompt", "gen_ai.content.completion"}
_INPUTS = ("gen_ai.input.messages", "gen_ai.prompt", "gen_ai.request.messages", "gen_ai.input")
_OUTPUTS = ("gen_ai.output.messages", "gen_ai.completion", "gen_ai.response.messages",
            "gen_ai.response.text", "gen_ai.output")  # fmt: skip
_ARGUMENTS = ("gen_ai.tool.call.arguments", "gen_ai.tool.arguments", "gen_ai.tool.input")
_RESULTS = ("gen_ai.tool.call.result", "gen_ai.tool.message", "gen_ai.tool.result",
            "gen_ai.tool.output", "code.function.return.value")  # fmt: skip
_PARAMETERS = "code.function.parameters"
_ASKED_TOKENS = ("input_tokens", "prompt_tokens", "partial.input_tokens")
_ANSWERED_TOKENS = ("output_tokens", "completion_tokens", "partial.output_tokens")
_EVENT_TEXTS = ("gen_ai.event.content", "message", "content")
_QUERY, _DOCUMENTS = "gen_ai.retrieval.query.text", "gen_ai.retrieval.documents"


def claim(span: Span) -> Claim | None:
    """The operation says it; a tool's name, a model or a text only suggests it."""
    if is_record(span):
        return Claim(StepKind.LLM)
    operation = (text_of(span, "gen_ai.operation.name") or "").lower()
    if text_of(span, "gen_ai.tool.name") in _NO_TOOLS:
        return Claim(StepKind.WORKFLOW)
    if operation in _KINDS:
        return Claim(_KINDS[operation])
    if operation in _LLM:
        return Claim(StepKind.LLM)
    keys = span.attributes
    if "gen_ai.tool.name" in keys or "gen_ai.tool.call.arguments" in keys:
        return Claim(StepKind.TOOL, sure=False)
    has_text = any(k in keys for k in (*_INPUTS, *_OUTPUTS, "gen_ai.prompt.0.content"))
    has_text = has_text or _has_events(span)
    has_model = "gen_ai.request.model" in keys
    if operation and not (has_text and has_model):  # an operation that is no call of a model
        return Claim(StepKind.WORKFLOW, sure=False) if has_text else None
    return Claim(StepKind.LLM, sure=False) if has_text or has_model else None


def read(span: Span, kind: StepKind) -> Draft | None:
    """What a span of this kind says in GenAI's words."""
    known = any(k.startswith("gen_ai.") for k in span.attributes)
    if not (known or _has_events(span) or is_record(span)):
        return None
    operation = (text_of(span, "gen_ai.operation.name") or "").lower()
    if kind is StepKind.TOOL:
        return _tool(span)
    return _conversation(span, kind, _name(span, kind, operation))


CONVENTION = Convention("OpenTelemetry GenAI", claim, read)


def is_record(span: Span) -> bool:
    """True for the span that was made of a log record with one of these events."""
    return text_of(span, "kelet.log.event") in _RECORD_RANKS


def record_rank(span: Span) -> int:
    """The order of a call's records at one moment; one that tells the whole call is below 0."""
    return _RECORD_RANKS.get(text_of(span, "kelet.log.event") or "", -1)


def _has_events(span: Span) -> bool:
    return any(e.name in _EVENT_ROLES or e.name in _DETAILS | _CONTENTS for e in span.events)


def _name(span: Span, kind: StepKind, operation: str) -> str:
    if kind is StepKind.WORKFLOW:
        return text_of(span, "gen_ai.workflow.name", "gen_ai.task.name") or operation
    if kind is StepKind.RETRIEVAL:
        return text_of(span, "gen_ai.data_source.id", "gen_ai.data_source.name") or operation
    return operation if operation in _LLM else "chat" if kind is StepKind.LLM else ""


def _conversation(span: Span, kind: StepKind, name: str) -> Draft:
    before, after = Conversation(span.span_id), Conversation(span.span_id)
    recorded = _read_attributes(span.attributes, before, after)
    recorded = _read_events(span, before, after) or recorded
    if kind is StepKind.RETRIEVAL:
        recorded = _read_documents(span.attributes, before, after) or recorded
    return Draft(
        kind=kind,
        name=name,
        agent=text_of(span, "gen_ai.agent.name"),
        inputs=tuple(before.messages),
        outputs=tuple(after.messages),
        system=tuple(before.system),
        tool_calls=tuple(after.calls),
        model=model_of(span, "gen_ai.request.model", "gen_ai.response.model"),
        finish_reasons=_finish_reasons(span.attributes.get("gen_ai.response.finish_reasons"))
        or tuple(after.finish_reasons),
        input_tokens=count_of(span, *(f"gen_ai.usage.{n}" for n in _ASKED_TOKENS)),
        output_tokens=count_of(span, *(f"gen_ai.usage.{n}" for n in _ANSWERED_TOKENS)),
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
    flat = family(attributes, "gen_ai.prompt")
    if flat is not None and flat.is_items and not before.messages:
        before.read_node(flat, Role.USER)
    flat = family(attributes, "gen_ai.completion")
    if flat is not None and flat.is_items and not recorded:
        after.read_node(flat, Role.ASSISTANT)
        recorded = True
    return recorded


def _read_events(span: Span, before: Conversation, after: Conversation) -> bool:
    """Messages as events; what the attributes told already is not told again."""
    recorded, told = False, bool(before.messages)
    for index, event in enumerate(span.events):
        before.prefix = after.prefix = event_field(span, index)
        if event.name in _EVENT_ROLES:
            if not told:
                _read_event(event.attributes, before, _EVENT_ROLES[event.name])
        elif event.name == "gen_ai.choice":
            recorded = True
            if not (told and after.messages):
                _read_event(event.attributes, after, Role.ASSISTANT)
        elif event.name in _DETAILS | _CONTENTS:
            recorded = _read_attributes(event.attributes, before, after) or recorded
    before.prefix = after.prefix = ""
    return recorded


def _read_event(attributes: Mapping[str, Any], into: Conversation, role: Role) -> None:
    for key in _EVENT_TEXTS:
        if key in attributes:
            into.read(key, attributes[key], role)
            break
    reason = attributes.get("finish_reason")
    if isinstance(reason, str) and reason:
        into.finish_reasons.append(reason)
    calls = Node(attributes.get("tool_calls"), "tool_calls")
    if calls.value is not None:
        into.read_node(calls, role)


def _read_documents(attributes: Attributes, before: Conversation, after: Conversation) -> bool:
    if _QUERY in attributes:
        before.add(Role.USER, Node(attributes[_QUERY], _QUERY))
    if _DOCUMENTS not in attributes:
        return False
    after.read(_DOCUMENTS, attributes[_DOCUMENTS], Role.TOOL)
    return True


def _finish_reasons(value: object) -> tuple[str, ...]:
    node = Node(value, "").opened()
    if node.is_items:
        return tuple(str(item.value) for item in node.items())
    return (value,) if isinstance(value, str) and value else ()


def _tool(span: Span) -> Draft:
    named = text_of(span, "gen_ai.tool.name")
    given = _attribute(span, _ARGUMENTS, "inputs", "input_str")
    result = _attribute(span, _RESULTS, "output", "content")
    inputs = located(span, given, Role.ASSISTANT) if given is not None else _parameters(span)
    outputs = tool_outputs(span, result) if result is not None else ()
    if not outputs:
        told, outputs = _tool_events(span)
        inputs = inputs or told
    return Draft(
        kind=StepKind.TOOL,
        name=named or span.name.removeprefix("execute_tool").strip() or "tool",
        agent=text_of(span, "gen_ai.agent.name"),
        inputs=inputs,
        outputs=outputs,
        outputs_recorded=bool(outputs),
    )


def _parameters(span: Span) -> tuple[Message, ...]:
    """Google's SDK writes each argument of a function apart."""
    given = family(span.attributes, _PARAMETERS)
    values = [given.at(name, "value") for name in given.members] if given is not None else []
    return tuple(m for v in values if v is not None for m in located(span, v, Role.ASSISTANT))


def _attribute(span: Span, keys: tuple[str, ...], *names: str) -> Node | None:
    key = next((k for k in keys if span.attributes.get(k) is not None), None)
    return payload(Node(span.attributes[key], key).unquoted(), *names) if key is not None else None


def _tool_events(span: Span) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """A tool message is the result, unless a choice follows: then it holds the arguments."""
    said = _event_text(span, "gen_ai.tool.message", Role.ASSISTANT)
    answered = _event_text(span, "gen_ai.choice", Role.TOOL)
    if answered:
        return said, answered
    return (), _event_text(span, "gen_ai.tool.message", Role.TOOL)


def _event_text(span: Span, name: str, role: Role) -> tuple[Message, ...]:
    for index, event in enumerate(span.events):
        for key in _EVENT_TEXTS if event.name == name else ():
            if event.attributes.get(key) is not None:
                node = Node(event.attributes[key], event_field(span, index, key))
                if role is Role.TOOL:
                    return tool_outputs(span, payload(node, "output", "content"))
                return located(span, node, role)
    return ()
