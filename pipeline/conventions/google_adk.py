"""Google ADK: `gcp.vertex.agent.llm_request`, `.llm_response`, `.tool_call_args`, `.tool_response`.

In: a span. Out: its draft, as far as it follows this convention. Next: `registry`.

ADK names operation, model, agent and tokens by GenAI and adds the texts under names of its own.
"""

from pipeline.conventions.draft import Claim, Convention, Draft
from pipeline.conventions.vocabulary import Vocabulary, read
from pipeline.model.span import Span
from pipeline.model.step import StepKind

_PREFIX = "gcp.vertex.agent."
WORDS = Vocabulary(
    inputs=(_PREFIX + "llm_request", _PREFIX + "data"),
    outputs=(_PREFIX + "llm_response",),
    arguments=(_PREFIX + "tool_call_args",),
    results=(_PREFIX + "tool_response",),
)


def _claim(span: Span) -> Claim | None:
    keys = span.attributes
    if _PREFIX + "llm_request" in keys and keys[_PREFIX + "llm_request"] not in ("", "{}"):
        return Claim(StepKind.LLM, sure=False)
    return Claim(StepKind.TOOL, sure=False) if _PREFIX + "tool_call_args" in keys else None


def _read(span: Span, kind: StepKind) -> Draft | None:
    if not any(key.startswith(_PREFIX) for key in span.attributes):
        return None
    return read(span, WORDS, kind)


CONVENTION = Convention("Google ADK", _claim, _read)
