"""Frameworks with words of their own that no general rule would guess; one vocabulary each.

In: a span. Out: its draft, as far as it speaks their words. Next: `registry`.

What is not here is read by `named`, which goes by the last part of an attribute's name.
"""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.conventions.draft import Claim, Convention, text_of
from pipeline.conventions.vocabulary import KINDS, Vocabulary, convention, read
from pipeline.model.span import Span
from pipeline.model.step import StepKind

BRAINTRUST = Vocabulary(
    kinds=("braintrust.span_attributes#type",),
    names=("braintrust.span_attributes#name",),
    inputs=("braintrust.input_json", "braintrust.input"),
    outputs=("braintrust.output_json", "braintrust.output"),
    models=("braintrust.metadata#model",),
    input_tokens=("braintrust.metrics#prompt_tokens",),
    output_tokens=("braintrust.metrics#completion_tokens",),
)
GENKIT = Vocabulary(
    names=("genkit:name",),
    inputs=("genkit:input",),
    outputs=("genkit:output",),
    tool_names=("genkit:name",),
)
_GENKIT_MODEL = replace(GENKIT, models=("genkit:name",), names=())
LAMINAR = Vocabulary(
    kinds=("lmnr.span.type",),
    inputs=("lmnr.span.input",),
    outputs=("lmnr.span.output",),
)
SPRING_AI = Vocabulary(
    kinds=("spring.ai.kind",),
    inputs=("spring.ai.chat.client.user.text",),
    system=("spring.ai.chat.client.system.text",),
    tool_names=("spring.ai.tool.definition.name",),
    arguments=("spring.ai.tool.call.arguments",),
    results=("spring.ai.tool.call.result",),
    words={"tool_call": StepKind.TOOL, "vector_store": StepKind.RETRIEVAL,
           "chat_client": StepKind.AGENT, "advisor": StepKind.WORKFLOW},
)  # fmt: skip
_LIVEKIT = Vocabulary(
    agents=("lk.agent_name", "lk.agent_label"),
    inputs=("lk.chat_ctx", "lk.user_input", "lk.user_transcript"),
    outputs=("lk.response.text", "lk.response.function_calls"),
    system=("lk.instructions",),
    tool_names=("lk.function_tool.name",),
    arguments=("lk.function_tool.arguments",),
    results=("lk.function_tool.output",),
)
_LIVEKIT_KINDS: Mapping[str, StepKind] = {
    "llm_request": StepKind.LLM,
    "llm_node": StepKind.LLM,
    "function_tool": StepKind.TOOL,
    "agent_turn": StepKind.AGENT,
}
_HAYSTACK = Vocabulary(
    names=("haystack.component.name",),
    inputs=("haystack.component.input", "haystack.agent.input", "haystack.pipeline.input_data"),
    outputs=("haystack.component.output", "haystack.agent.output", "haystack.pipeline.output_data"),
    tool_names=("haystack.tool.name", "haystack.component.name"),
    arguments=("haystack.tool.input", "haystack.component.input"),
    results=("haystack.tool.output", "haystack.component.output"),
)
_HAYSTACK_KINDS: tuple[tuple[str, StepKind], ...] = (
    ("generator", StepKind.LLM),
    ("agent", StepKind.AGENT),
    ("toolinvoker", StepKind.TOOL),
    ("retriever", StepKind.RETRIEVAL),
    ("embedder", StepKind.RETRIEVAL),
)


def _livekit(span: Span) -> Claim | None:
    speaks = any(key.startswith("lk.") for key in span.attributes)
    kind = _LIVEKIT_KINDS.get(span.name) if speaks else None
    return Claim(kind) if kind else None


def _genkit(span: Span) -> Claim | None:
    """The subtype may carry a version: `tool.v2`."""
    said = text_of(span, "genkit:metadata:subtype") or text_of(span, "genkit:type") or ""
    kind = KINDS.get(said.partition(".")[0].lower())
    return Claim(kind) if kind else None


def _haystack(span: Span) -> Claim | None:
    kind = str(span.attributes.get("haystack.component.type") or "").lower()
    found = next((k for ending, k in _HAYSTACK_KINDS if kind.endswith(ending)), None)
    if found is None and any(key.startswith("haystack.") for key in span.attributes):
        return Claim(StepKind.WORKFLOW)
    return Claim(found) if found else None


CONVENTIONS = (
    convention("Braintrust", BRAINTRUST),
    Convention(
        "Genkit", _genkit, lambda s, k: read(s, _GENKIT_MODEL if k is StepKind.LLM else GENKIT, k)
    ),
    convention("Laminar", LAMINAR),
    convention("Spring AI", SPRING_AI),
    Convention("LiveKit", _livekit, lambda s, k: read(s, _LIVEKIT, k)),
    Convention("Haystack", _haystack, lambda s, k: read(s, _HAYSTACK, k)),
)
