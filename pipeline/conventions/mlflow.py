"""MLflow: `mlflow.spanType`, `mlflow.spanInputs`, `mlflow.spanOutputs`, `mlflow.chat.tokenUsage`.

In: a span. Out: its draft, as far as it follows this convention. Next: `registry`.

MLflow writes every value as JSON, a plain string in quotes as well: `"LLM"`.
"""

import json

from pipeline.conventions.draft import Claim, Convention, Draft, text_of
from pipeline.conventions.vocabulary import KINDS, Vocabulary, read
from pipeline.model.span import Span
from pipeline.model.step import StepKind

WORDS = Vocabulary(
    inputs=("mlflow.spanInputs",),
    outputs=("mlflow.spanOutputs",),
    models=("mlflow.llm.model",),
    input_tokens=("mlflow.chat.tokenUsage#input_tokens",),
    output_tokens=("mlflow.chat.tokenUsage#output_tokens",),
)


def _claim(span: Span) -> Claim | None:
    said = text_of(span, "mlflow.spanType") or ""
    kind = KINDS.get(_unquoted(said).lower())
    return Claim(kind) if kind else None


def _read(span: Span, kind: StepKind) -> Draft | None:
    return read(span, WORDS, kind)


def _unquoted(text: str) -> str:
    try:
        value = json.loads(text) if text[:1] == '"' else text
    except ValueError:
        return text
    return value if isinstance(value, str) else text


CONVENTION = Convention("MLflow", _claim, _read)
