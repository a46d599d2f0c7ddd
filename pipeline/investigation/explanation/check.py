"""Pure: what stands of a model's explanation. The statistics judge, the model only explains.

In: an `Explanation`, the contrast, the steps of the sessions it quotes. Out: `Checked`. Next: the
faults go back to the model once; what still has one then is dropped.

A cause must be the row that the statistics blame, or another feature of the same agent that separates
as well. A quote must stand verbatim in the step it names. Numbers in prose must be from the contrast
or from the quotes. Links are refused wherever they stand.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from pipeline.investigation.explanation.contracts import Checked, Claim, Explanation
from pipeline.investigation.explanation.table import Row, handles, rows_of
from pipeline.investigation.result import ContrastResult
from pipeline.llm.reading import texts_of
from pipeline.model.evidence import Evidence, Located
from pipeline.model.step import Step

Steps = Mapping[str, Sequence[Step]]
"""Steps by session handle, in the order of the outline."""

_LINK = re.compile(r"\]\(|https?:|www\.|<\s*(?:img|a|script)\b|\bdata:|!\[", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def check(explanation: Explanation, result: ContrastResult, steps: Steps) -> Checked:
    """The explanation without what does not stand, and why it does not."""
    rows = {row.name: row for row in rows_of(result)}
    fatal = [*_cause_faults(explanation, rows), *_prose_faults(explanation, rows)]
    kept: list[Claim] = []
    faults: list[str] = []
    for number, claim in enumerate(explanation.mechanism, 1):
        fault = _claim_fault(claim, steps)
        if fault is None:
            kept.append(claim)
        else:
            faults.append(f"claim {number}: {fault}")
    lines = tuple(line for line in explanation.prompt_lines if not _LINK.search(line))
    if len(lines) < len(explanation.prompt_lines):
        faults.append("prompt_lines: links are not allowed")
    stands = kept and not fatal
    changes = {
        "mechanism": tuple(kept),
        "prompt_lines": lines,
        "rivals": _rivals(explanation, rows),
    }
    return Checked(
        explanation=explanation.model_copy(update=changes) if stands else None,
        faults=(*fatal, *faults),
        n_claims=len(explanation.mechanism),
    )


def quoted(claim: Claim, result: ContrastResult, steps: Steps) -> Evidence | None:
    """The claim's quote as evidence with its place; None where it does not stand."""
    place = _place(claim, steps)
    session_id = handles(result).get(claim.session)
    if place is None or session_id is None:
        return None
    return Evidence(
        session_id=session_id,
        span_id=place.span_id,
        field=place.field,
        quote=claim.quote,
        verified=True,
    )


def _cause_faults(explanation: Explanation, rows: Mapping[str, Row]) -> Iterable[str]:
    row, blamed = rows.get(explanation.cause), rows.get("C1")
    if row is None or blamed is None:
        yield f"cause: there is no row {explanation.cause} in the contrast table"
    elif not row.separates:
        yield f"cause: {row.name} does not separate failing from healthy sessions"
    elif row.feature.agent != blamed.feature.agent:
        yield (
            f"cause: {row.name} separates too, but {blamed.feature.agent} acts before it and its "
            f"{blamed.name} explains it"
        )


def _prose_faults(explanation: Explanation, rows: Mapping[str, Row]) -> Iterable[str]:
    prose = [explanation.root_cause, *(c.says for c in explanation.mechanism)]
    if any(_LINK.search(text) for text in prose):
        yield "text: links are not allowed"
    known = " ".join(
        [*(r.words() for r in rows.values()), *(c.quote for c in explanation.mechanism)]
    )
    allowed = set(_NUMBER.findall(known))
    invented = sorted({n for text in prose for n in _NUMBER.findall(text)} - allowed)
    if invented:
        yield f"text: {', '.join(invented)} is neither in the contrast table nor in a quote"


def _claim_fault(claim: Claim, steps: Steps) -> str | None:
    if claim.session not in steps:
        return f"{claim.session} is not one of the sessions"
    if claim.step > len(steps[claim.session]):
        return f"{claim.session} has no step {claim.step}"
    if _place(claim, steps) is None:
        return f"the quote does not stand in step {claim.step} of {claim.session}"
    return None


def _place(claim: Claim, steps: Steps) -> Located | None:
    of_session = steps.get(claim.session, ())
    if claim.step > len(of_session):
        return None
    return next((t for t in texts_of(of_session[claim.step - 1]) if claim.quote in t.text), None)


def _rivals(explanation: Explanation, rows: Mapping[str, Row]) -> tuple[object, ...]:
    kept = (r for r in explanation.rivals if r.cause in rows and not _LINK.search(r.why_not))
    return tuple(r for r in kept if r.cause != explanation.cause)
