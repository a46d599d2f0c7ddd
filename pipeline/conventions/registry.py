"""The conventions, in one visible order, and what they say of one span together.

In: a span. Out: its draft, or None where nobody knows what it is. Next: `steps`.

Who is sure what a span is comes before who guesses, then the order below counts. Once that is
settled every convention is asked for what it can read, and the first that knows a field wins. A new
convention is one more file and one more line here.
"""

from pipeline.conventions import (
    frameworks,
    genai,
    google_adk,
    langfuse,
    langsmith,
    logfire,
    mlflow,
    named,
    openinference,
    openllmetry,
    temporal,
    vercel_ai,
)
from pipeline.conventions.draft import Claim, Convention, Draft, merge
from pipeline.model.span import Span
from pipeline.model.step import StepKind

CONVENTIONS: tuple[Convention, ...] = (
    genai.CONVENTION,
    openinference.CONVENTION,
    openllmetry.CONVENTION,
    vercel_ai.CONVENTION,
    logfire.CONVENTION,
    google_adk.CONVENTION,
    mlflow.CONVENTION,
    langsmith.CONVENTION,
    *frameworks.CONVENTIONS,
    temporal.CONVENTION,
    langfuse.CONVENTION,
    named.CONVENTION,
)


def read_draft(span: Span) -> Draft | None:
    """What the conventions read from one span together."""
    claims = [(c, claim) for c in CONVENTIONS if (claim := c.claim(span)) is not None]
    if not claims:
        return None
    first, claim = next((c for c in claims if c[1].sure), claims[0])
    drafts: list[Draft] = []
    for convention in (first, *(c for c in CONVENTIONS if c is not first)):
        if convention is named.CONVENTION and _is_told(drafts):
            continue  # guesses cost as much as knowledge
        draft = convention.read(span, claim.kind)
        if draft is not None:
            drafts.append(draft)
    unnamed = Draft(claim.kind, name="chat" if claim.kind is StepKind.LLM else span.name)
    return merge(claim.kind, [*drafts, unnamed])


def _is_told(drafts: list[Draft]) -> bool:
    asked = any(d.inputs for d in drafts)
    answered = any(d.outputs or d.tool_calls for d in drafts)
    return asked and answered and any(d.model or d.kind is not StepKind.LLM for d in drafts)


def claims_of(span: Span) -> tuple[tuple[str, Claim], ...]:
    """Which conventions know the span, in order; for tests and the table in the documentation."""
    return tuple((c.name, claim) for c in CONVENTIONS if (claim := c.claim(span)) is not None)
