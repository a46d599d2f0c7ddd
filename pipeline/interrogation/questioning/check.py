"""Pure: what stands of a model's answer about one agent of one session.

In: an `Answer`, the steps and the row of the session. Out: `Checked`. Next: the faults go back to the
model once; what still has one then is dropped.

A statement stands with all its quotes: each must be a verbatim part of the step that it names, one of
them of a step of the agent that was asked about. Its numbers must be from the quotes or the rule,
links are refused, and its rule must hold for the session that it was read from.
"""

import re
from collections.abc import Sequence

from pipeline.interrogation.questioning.contracts import Answer, Checked, Quote, Statement
from pipeline.interrogation.questioning.rules import rule_of
from pipeline.llm.prose import Heard, sentence_faults
from pipeline.llm.reading import texts_of
from pipeline.model.cluster import Proposal
from pipeline.model.evidence import Evidence
from pipeline.model.session import SessionRow
from pipeline.model.step import Step

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def check(answer: Answer, agent: str, row: SessionRow, steps: Sequence[Step]) -> Checked:
    """The statements that stand, and why the others do not."""
    heard = Heard(text.text for step in steps for text in texts_of(step))
    kept: list[Proposal] = []
    faults: list[str] = []
    for number, statement in enumerate(answer.hypotheses, 1):
        fault = next(iter(sentence_faults(statement.says, heard)), None)
        found = fault or _proposal(statement, agent, row, steps)
        if isinstance(found, Proposal):
            kept.append(found)
        else:
            faults.append(f"hypothesis {number}: {found}")
    return Checked(proposals=tuple(kept), faults=tuple(faults))


def _proposal(
    said: Statement, agent: str, row: SessionRow, steps: Sequence[Step]
) -> Proposal | str:
    if said.agent != agent:
        return f"you were asked about {agent}"
    evidence: list[Evidence] = []
    for quote in said.quotes:
        place = _evidence(quote, row.session_id, steps)
        if place is None:
            return f"the quote does not stand in step {quote.step}"
        evidence.append(place)
    own = [q.step for q in said.quotes if steps[q.step - 1].agent == agent]
    if not own:
        return f"no quote is of a step of {agent}"
    if invented := _invented(said):
        return f"{', '.join(invented)} is neither in a quote nor in the rule"
    rule = rule_of(said.rule, row, agent)
    if isinstance(rule, str):
        return rule
    return Proposal(
        session_id=row.session_id,
        agent=agent,
        step=steps[own[0] - 1].key,
        about=said.about,
        sentence=said.says,
        evidence=tuple(evidence),
        rule=rule,
    )


def _evidence(quote: Quote, session_id: str, steps: Sequence[Step]) -> Evidence | None:
    if quote.step > len(steps):
        return None
    for place in texts_of(steps[quote.step - 1]):
        if quote.text in place.text:
            return Evidence(
                session_id=session_id,
                span_id=place.span_id,
                field=place.field,
                quote=quote.text,
                verified=True,
            )
    return None


def _invented(said: Statement) -> list[str]:
    shown = " ".join(
        [*(q.text for q in said.quotes), *(f"{c.feature} {c.value:g}" for c in said.rule)]
    )
    return sorted(set(_NUMBER.findall(said.says)) - set(_NUMBER.findall(shown)))
