"""Langfuse: `langfuse.observation.type`, `.input`, `.output`, `.model.name`, `.usage_details`.

In: a span. Out: its draft, as far as it follows this convention. Next: `registry`.

Langfuse's SDKs write these on spans of their own and beside other conventions; as a server does, the
others are read first and these fill what is missing.
"""

from dataclasses import replace

from pipeline.conventions.draft import Claim, Convention, Draft, text_of
from pipeline.conventions.vocabulary import Vocabulary, claim, read
from pipeline.model.span import Span
from pipeline.model.step import StepKind

_PREFIX = "langfuse.observation."
WORDS = Vocabulary(
    kinds=(_PREFIX + "type",),
    agents=(_PREFIX + "metadata.lc_agent_name",),
    inputs=(_PREFIX + "input",),
    outputs=(_PREFIX + "output",),
    models=(_PREFIX + "model.name", _PREFIX + "model"),
    input_tokens=tuple(
        f"{_PREFIX}usage_details#{n}" for n in ("input", "prompt_tokens", "input_tokens")
    ),
    output_tokens=tuple(
        f"{_PREFIX}usage_details#{n}" for n in ("output", "completion_tokens", "output_tokens")
    ),
    errors=(_PREFIX + "status_message",),
)
_TRACE = Vocabulary(inputs=("langfuse.trace.input",), outputs=("langfuse.trace.output",))


def _claim(span: Span) -> Claim | None:
    claimed = claim(span, WORDS)
    if claimed is not None or text_of(span, _PREFIX + "type") is None:
        return claimed
    has_text = any(k in span.attributes for k in (*WORDS.inputs, *WORDS.outputs))
    return Claim(StepKind.WORKFLOW, sure=False) if has_text else None


def _read(span: Span, kind: StepKind) -> Draft | None:
    draft = read(span, WORDS, kind)
    if draft is None:
        return read(span, _TRACE, kind)
    level = text_of(span, _PREFIX + "level") == "ERROR"
    return replace(draft, failed=level, error=draft.error if level else None)


CONVENTION = Convention("Langfuse", _claim, _read)
