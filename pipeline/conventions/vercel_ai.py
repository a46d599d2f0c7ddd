"""Vercel AI SDK: `ai.operationId`, `ai.prompt.messages`, `ai.response.text`, `ai.toolCall.*`.

In: a span. Out: its draft, as far as it follows this convention. Next: `registry`.

`ai.generateText` and its kin run the whole loop of model calls and tools, so they are an agent's
work; the calls are their `.doGenerate` and `.doStream`. `ai.telemetry.functionId` names the agent.
"""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.conventions.draft import Claim, Convention, Draft, text_of
from pipeline.conventions.vocabulary import Vocabulary, read
from pipeline.model.span import Span
from pipeline.model.step import StepKind

WORDS = Vocabulary(
    agents=("ai.telemetry.functionId",),
    inputs=("ai.prompt.messages", "ai.prompt", "ai.values", "ai.value"),
    outputs=("ai.response.text", "ai.response.object", "ai.result.text", "ai.result.object"),
    models=("ai.model.id", "ai.response.model"),
    finishes=("ai.response.finishReason", "ai.finishReason"),
    input_tokens=("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
    output_tokens=("ai.usage.outputTokens", "ai.usage.completionTokens"),
    tool_names=("ai.toolCall.name",),
    arguments=("ai.toolCall.args", "ai.toolCall.input"),
    results=("ai.toolCall.result", "ai.toolCall.output"),
)
_CALLS = Vocabulary(outputs=("ai.response.toolCalls", "ai.result.toolCalls"))
_KINDS: Mapping[str, StepKind] = {
    "doGenerate": StepKind.LLM,
    "doStream": StepKind.LLM,
    "doEmbed": StepKind.RETRIEVAL,
    "doRerank": StepKind.RETRIEVAL,
    "embed": StepKind.RETRIEVAL,
    "embedMany": StepKind.RETRIEVAL,
    "rerank": StepKind.RETRIEVAL,
    "toolCall": StepKind.TOOL,
    "generateText": StepKind.AGENT,
    "streamText": StepKind.AGENT,
    "generateObject": StepKind.AGENT,
    "streamObject": StepKind.AGENT,
}


def _claim(span: Span) -> Claim | None:
    operation = text_of(span, "ai.operationId", "operation.name") or ""
    if not operation.startswith("ai."):
        return None
    kind = _KINDS.get(operation.partition(" ")[0].rpartition(".")[2])
    return Claim(kind) if kind else None


def _read(span: Span, kind: StepKind) -> Draft | None:
    if not any(key.startswith("ai.") for key in span.attributes):
        return None
    draft = read(span, WORDS, kind)
    calls = read(span, _CALLS, kind) if kind is not StepKind.TOOL else None
    if draft is None or calls is None:
        return draft
    return replace(draft, tool_calls=calls.tool_calls, outputs_recorded=True)


CONVENTION = Convention("Vercel AI SDK", _claim, _read)
