"""Pure: what stands of a model's answer about one agent of one session.

In: an `Answer`, the steps and the row of the session. Out: `Checked`. Next: the faults go back to the
model once; what still has one then is dropped.

A statement stands with all its quotes: each must be a verbatim part of the step that it names, one of
them of a step of the agent that was asked about. Its sentence begins with that agent, speaks of this
session only and in words of its own, its numbers from the quotes or the rule. Nothing in it may be a
link or unseen, quotes included; its rule must hold for the session that it was read from.
"""

import re
from collections.abc import Iterable, Sequence

from pipeline.interrogation.questioning.contracts import Answer, Checked, Quote, Statement
from pipeline.interrogation.questioning.rules import TOOL, features, rule_of
from pipeline.llm.prose import (
    RUN,
    Heard,
    after_name,
    claims_all,
    counts_in_words,
    denies,
    quote_is_seen,
    sentence_faults,
    words,
)
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
        fault = next(iter(_faults(statement, agent, row, heard)), None)
        found = fault or _proposal(statement, agent, row, steps)
        if isinstance(found, Proposal):
            kept.append(found)
        else:
            faults.append(f"hypothesis {number}: {found}")
    return Checked(proposals=tuple(kept), faults=tuple(faults))


def _faults(said: Statement, agent: str, row: SessionRow, heard: Heard) -> Iterable[str]:
    """What its words are refused for, wherever they stand."""
    if said.agent != agent:
        yield f"you were asked about {agent}"
    yield from sentence_faults(said.says, heard)
    rest = after_name(said.says, agent)
    if rest is None:
        yield f"the sentence must begin with {agent}"
    elif not rest or heard.repeats(" ".join(rest)):
        yield "it repeats what the session says: use your own words, and quotes for theirs"
    if claims_all(said.says) or counts_in_words(said.says):
        yield "you have seen one session: say nothing of others"
    if not all(quote_is_seen(quote.text) for quote in said.quotes):
        yield "choose quotes without links and without characters that are not seen"
    for tool in _new_tools(said, features(row, agent)):
        if denies(tool) or (len(words(tool)) >= RUN and heard.repeats(tool)):
            yield f"{tool} is no tool"


def _new_tools(said: Statement, known: Iterable[str]) -> Iterable[str]:
    """Tools of the rule that the session does not show: their names are the model's."""
    new = (c.feature for c in said.rule if c.feature not in known)
    return (feature.removeprefix(TOOL) for feature in new if feature.startswith(TOOL))


def _proposal(
    said: Statement, agent: str, row: SessionRow, steps: Sequence[Step]
) -> Proposal | str:
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
