"""LangSmith over OpenTelemetry: `langsmith.span.kind`, `gen_ai.prompt`, `gen_ai.completion`.

In: a span. Out: its draft, as far as it follows this convention. Next: `registry`.

Its texts are LangChain's own objects under GenAI's older names (`genai` reads them), or under
`input.value` / `output.value`, or as `langsmith.inputs` / `langsmith.outputs`.
"""

from pipeline.conventions.vocabulary import Vocabulary, convention

WORDS = Vocabulary(
    kinds=("langsmith.span.kind", "langsmith.run_type", "langsmith.trace.run_type"),
    inputs=("langsmith.inputs", "gen_ai.prompt", "inputs"),
    outputs=("langsmith.outputs", "gen_ai.completion", "outputs"),
    models=("langsmith.metadata.ls_model_name",),
)
CONVENTION = convention("LangSmith", WORDS)
