"""Logfire and older pydantic-ai: `request_data`, `response_data`, `events`, `all_messages_events`.

In: a span. Out: its draft, as far as it follows this convention. Next: `registry`.

Newer releases write GenAI beside these. `events` is one attribute that holds the whole conversation,
the answer last. Spans of the OpenAI Agents SDK are known by the template of their name.
"""

from dataclasses import replace

from pipeline.conventions.draft import Claim, Convention, Draft, text_of
from pipeline.conventions.messages import Conversation
from pipeline.conventions.places import Node
from pipeline.conventions.vocabulary import Vocabulary, read
from pipeline.model.span import Span
from pipeline.model.step import Role, StepKind

WORDS = Vocabulary(
    agents=("agent_name",),
    inputs=("request_data", "raw_input"),
    outputs=("final_result", "response_data"),
    models=("model_name",),
    arguments=("tool_arguments", "input"),
    results=("tool_response", "output"),
    tool_names=("name",),
    input_tokens=("gen_ai.aggregated_usage.input_tokens", "usage#input_tokens"),
    output_tokens=("gen_ai.aggregated_usage.output_tokens", "usage#output_tokens"),
)
_HISTORIES = ("events", "all_messages_events", "pydantic_ai.all_messages", "all_messages")
_AGENT_RUN, _FUNCTION = "Agent run: ", "Function: "


def _claim(span: Span) -> Claim | None:
    keys = span.attributes
    if span.name.startswith(_AGENT_RUN) and "name" in keys:
        return Claim(StepKind.AGENT)
    if span.name.startswith(_FUNCTION) and "input" in keys:
        return Claim(StepKind.TOOL)
    if "agent_name" in keys and any(k in keys for k in ("final_result", *_HISTORIES)):
        return Claim(StepKind.AGENT)
    request = Node(keys.get("request_data"), "request_data").opened()
    if request.has("messages", "prompt", "input", "contents"):
        return Claim(StepKind.LLM, sure=False)
    return Claim(StepKind.TOOL, sure=False) if "tool_arguments" in keys else None


def _read(span: Span, kind: StepKind) -> Draft | None:
    if not _is_ours(span):
        return None
    draft = read(span, WORDS, kind) or Draft(kind)
    if span.name.startswith(_AGENT_RUN):
        draft = replace(draft, agent=text_of(span, "name"))
    if kind is StepKind.TOOL:
        return draft
    before, after = _history(span)
    if not before and not after:
        return draft
    return replace(
        draft,
        inputs=tuple(before.messages) or draft.inputs,
        system=tuple(before.system) or draft.system,
        outputs=draft.outputs or tuple(after.messages),
        tool_calls=draft.tool_calls or tuple(after.calls),
        finish_reasons=draft.finish_reasons or tuple(after.finish_reasons),
        outputs_recorded=draft.outputs_recorded or bool(after),
    )


def _is_ours(span: Span) -> bool:
    keys = span.attributes
    return "logfire.msg" in keys or any(
        k in keys
        for k in ("request_data", "agent_name", "tool_arguments", "tool_response", "model_name",
                  *_HISTORIES)
    )  # fmt: skip


def _history(span: Span) -> tuple[Conversation, Conversation]:
    """The conversation of the span: what was said before, and the answer at its end."""
    before, after = Conversation(span.span_id), Conversation(span.span_id)
    for key in _HISTORIES:
        node = Node(span.attributes.get(key), key).opened()
        if node.is_items:
            items = [item for item in node.items() if item.members]
            for index, item in enumerate(items):
                last = all(_answers(i) for i in items[index:])
                (after if last else before).read_node(item, Role.ASSISTANT if last else Role.USER)
            break
    return before, after


def _answers(item: Node) -> bool:
    said = item.word("event.name", "role", "kind")
    return said in {
        "gen_ai.choice",
        "gen_ai.assistant.message",
        "assistant",
        "model",
        "response",
    } or (not said and item.has("message", "finish_reason"))


CONVENTION = Convention("Logfire, pydantic-ai", _claim, _read)
