"""Pure: what stands of a model's explanation. The statistics judge, the model only explains.

In: an `Explanation`, the contrast, what could be read, how to measure. Out: `Checked`. Next: the
faults go back to the model once; what still has one then is dropped.

A cause must be the row that the statistics blame, or another feature of the same agent that separates
as well; it must have been held against a rival that can be measured. A quote must stand verbatim in
the step it names, one of them in a step of the blamed agent. What sentences may say:
`pipeline.llm.prose`, `sentences`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from pipeline.investigation.explanation.contracts import (
    Candidate,
    Checked,
    Claim,
    Explanation,
    Measured,
    Rival,
    RivalMeasured,
)
from pipeline.investigation.explanation.sentences import (
    cause_faults,
    number_faults,
    said_of,
    tags_of,
)
from pipeline.investigation.explanation.table import Row, handles, rows_of
from pipeline.investigation.result import ContrastResult
from pipeline.llm.prose import Heard, quote_is_seen, sentence_faults
from pipeline.llm.reading import texts_of
from pipeline.model.evidence import Evidence, Located
from pipeline.model.step import Step

Steps = Mapping[str, Sequence[Step]]
"""Steps by session handle, in the order of the outline."""
Measure = Callable[[Candidate], Measured | None]
"""A candidate in numbers; None for one that cannot be measured."""


class Known(NamedTuple):
    """What an explanation is held to."""

    result: ContrastResult
    steps: Steps
    """Every session that could be read."""
    measure: Measure

    @property
    def rows(self) -> dict[str, Row]:
        """The contrast table by name."""
        return {row.name: row for row in rows_of(self.result)}

    def heard(self) -> Heard:
        """Everything that stands in those sessions."""
        steps = (step for steps in self.steps.values() for step in steps)
        return Heard(text.text for step in steps for text in texts_of(step))


def check(explanation: Explanation, known: Known) -> Checked:
    """The explanation without what does not stand, and why it does not."""
    rows, heard = known.rows, known.heard()
    row = rows.get(explanation.cause)
    fatal = [*_cause_faults(explanation, rows), *_root_cause_faults(explanation, known, heard)]
    rivals = _rivals(explanation, known, heard)
    if not rivals:
        fatal.append(
            "rivals: name at least one other cause: another row, or a test that can be run"
        )
    kept, faults = _claims(explanation, known, heard)
    if row is not None and not any(_step(c, known.steps).agent == row.feature.agent for c in kept):
        fatal.append("mechanism: no claim that stands quotes a step of the agent that is to blame")
    lines = tuple(
        line for line in explanation.prompt_lines if row and not any(_line_faults(line, row, heard))
    )
    for number, line in enumerate(explanation.prompt_lines, 1):
        why = _line_faults(line, row, heard) if row else ()
        faults += [f"prompt line {number}: {fault}" for fault in why]
    if fatal or row is None:
        return Checked(
            explanation=None, faults=(*fatal, *faults), n_claims=len(explanation.mechanism)
        )
    said = [explanation.root_cause, *(claim.says for claim in kept)]
    changes = {
        "mechanism": tuple(kept),
        "prompt_lines": lines,
        "tags": tags_of(explanation.tags, said, row),
    }
    return Checked(
        explanation=explanation.model_copy(update=changes),
        faults=tuple(faults),
        n_claims=len(explanation.mechanism),
        rivals=rivals,
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
        yield f"cause: {row.name} separates too, but the agent of {blamed.name} acts before it"


def _root_cause_faults(explanation: Explanation, known: Known, heard: Heard) -> Iterable[str]:
    sentence, rows = explanation.root_cause, known.rows
    table = " ".join(row.words() for row in rows.values())
    found = [*sentence_faults(sentence, heard), *number_faults(sentence, table, [*rows.values()])]
    yield from (f"root_cause: {fault}" for fault in found)
    row = rows.get(explanation.cause)
    if row is not None:
        yield from cause_faults(sentence, row)


def _claims(explanation: Explanation, known: Known, heard: Heard) -> tuple[list[Claim], list[str]]:
    """Claims that stand; why the others do not."""
    rows = known.rows
    table = " ".join(row.words() for row in rows.values())
    kept: list[Claim] = []
    faults: list[str] = []
    for number, claim in enumerate(explanation.mechanism, 1):
        found = [
            *_quote_faults(claim, known.steps),
            *sentence_faults(claim.says, heard),
            *number_faults(claim.says, f"{table} {claim.quote}", [*rows.values()]),
        ]
        faults += [f"claim {number}: {fault}" for fault in found]
        if not found:
            kept.append(claim)
    return kept, faults


def _quote_faults(claim: Claim, steps: Steps) -> Iterable[str]:
    if claim.session not in steps:
        yield f"{claim.session} is not one of the sessions"
    elif claim.step > len(steps[claim.session]):
        yield f"{claim.session} has no step {claim.step}"
    elif _place(claim, steps) is None:
        yield f"the quote does not stand in step {claim.step} of {claim.session}"
    elif not quote_is_seen(claim.quote):
        yield "choose a quote without links and without characters that are not seen"


def _line_faults(line: str, row: Row, heard: Heard) -> Iterable[str]:
    yield from sentence_faults(line, heard)
    if not said_of(line, row):
        yield "it is not about what the row says"


def _rivals(explanation: Explanation, known: Known, heard: Heard) -> tuple[RivalMeasured, ...]:
    """The rivals that could be measured, with their numbers."""
    rows = known.rows
    table = " ".join(row.words() for row in rows.values())
    found: dict[tuple[str, str], RivalMeasured] = {}
    for rival in explanation.rivals:
        numbers = _measured(rival, explanation.cause, known)
        if numbers is None:
            continue
        allowed = f"{table} {numbers.words()}"
        said = (rival.says, rival.why_not)
        if any(
            [*sentence_faults(text, heard), *number_faults(text, allowed, [*rows.values()])]
            for text in said
        ):
            continue
        measured = RivalMeasured(says=rival.says, why_not=rival.why_not, numbers=numbers)
        found.setdefault((numbers.agent, numbers.feature), measured)
    return tuple(found.values())


def _measured(rival: Rival, cause: str, known: Known) -> Measured | None:
    row = known.rows.get(rival.cause or "")
    if row is not None:
        return row.measured() if row.name != cause else None
    if rival.test is None:
        return None
    named = known.rows.get(cause)
    tested = (rival.test.agent, rival.test.feature)
    if named is not None and tested == (named.feature.agent, named.feature.feature):
        return None
    return known.measure(rival.test)


def _step(claim: Claim, steps: Steps) -> Step:
    return steps[claim.session][claim.step - 1]


def _place(claim: Claim, steps: Steps) -> Located | None:
    of_session = steps.get(claim.session, ())
    if claim.step > len(of_session):
        return None
    return next((t for t in texts_of(of_session[claim.step - 1]) if claim.quote in t.text), None)
