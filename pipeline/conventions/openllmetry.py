"""OpenLLMetry / Traceloop: `traceloop.span.kind`, `traceloop.entity.*`, `llm.request.type`.

In: a span. Out: its draft, as far as it follows this convention. Next: `registry`.

Its model calls follow GenAI: today by messages, before by `gen_ai.prompt.N.*` and
`gen_ai.completion.N.*`, which `genai` reads. Entities wrap what they got as `{"inputs": ...}`.
"""

from pipeline.conventions.draft import Claim, Convention, Draft, text_of
from pipeline.conventions.vocabulary import Vocabulary, claim, read
from pipeline.model.span import Span
from pipeline.model.step import StepKind

WORDS = Vocabulary(
    kinds=("traceloop.span.kind",),
    names=("traceloop.entity.name",),
    agents=("traceloop.association.properties.lc_agent_name", "crewai.agent.role", "gen_ai.handoff.from_agent"),
    inputs=("traceloop.entity.input", "gen_ai.task.input"),
    outputs=("traceloop.entity.output", "gen_ai.task.output"),
    models=("llm.request.model", "llm.response.model",
            "traceloop.association.properties.ls_model_name"),
    finishes=("llm.response.finish_reason",),
    input_tokens=("llm.usage.prompt_tokens",),
    output_tokens=("llm.usage.completion_tokens",),
    tool_names=("traceloop.entity.name",),
)  # fmt: skip


def _claim(span: Span) -> Claim | None:
    if text_of(span, "llm.request.type") in {"chat", "completion"}:
        return Claim(StepKind.LLM)
    if text_of(span, "llm.request.type") in {"embedding", "rerank"}:
        return Claim(StepKind.RETRIEVAL)
    return claim(span, WORDS)


def _read(span: Span, kind: StepKind) -> Draft | None:
    return read(span, WORDS, kind)


CONVENTION = Convention("OpenLLMetry (Traceloop)", _claim, _read)
