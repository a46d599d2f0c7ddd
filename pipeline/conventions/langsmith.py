"""LangSmith over OpenTelemetry: `langsmith.span.kind`, `gen_ai.prompt`, `gen_ai.completion`.

In: a span. Out: its draft, as far as it follows this convention. Next: `registry`.

Its texts are LangChain's own objects under GenAI's older names (`genai` reads them), or under
`input.value` / `output.value`, or as `langsmith.inputs` / `langsmith.outputs`. A run that failed has
an exception, and a status that says nothing of it.
"""

from dataclasses import replace

from pipeline.conventions.draft import Convention, Draft, exception_of
from pipeline.conventions.vocabulary import Vocabulary, claim, read
from pipeline.model.span import Span
from pipeline.model.step import StepKind

WORDS = Vocabulary(
    kinds=("langsmith.span.kind", "langsmith.run_type", "langsmith.trace.run_type"),
    agents=("langsmith.metadata.lc_agent_name",),
    inputs=("langsmith.inputs", "gen_ai.prompt", "inputs"),
    outputs=("langsmith.outputs", "gen_ai.completion", "outputs"),
    models=("langsmith.metadata.ls_model_name",),
)


def _read(span: Span, kind: StepKind) -> Draft | None:
    if not any(key.startswith("langsmith.") for key in span.attributes):
        return None
    draft = read(span, WORDS, kind) or Draft(kind)
    error = exception_of(span)
    return replace(draft, failed=error is not None, error=error)


CONVENTION = Convention("LangSmith", lambda span: claim(span, WORDS), _read)
