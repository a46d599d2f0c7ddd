"""Wordings that an agent uses in some sessions only: hypotheses where no trait has a name for it.

In: the terms an agent added and dropped in each session. Out: a few terms, each standing for the
words that come and go with it. Next: each is a hypothesis like any trait, `term:<side>:<term>`.

Chosen without sight of the verdict: terms of the same sessions form a phrase, and longer phrases say
more than single words. Only the first `max_phrases` are kept, because each is one more test.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.aggregation.rules import jaccard
from pipeline.model.detection import StepTerms
from pipeline.model.session import SessionRow

Bools = NDArray[np.bool_]
SIDES = ("added", "dropped")
MAX_TERMS = 400
MIN_SHARE, MAX_SHARE = 0.04, 0.5
TOGETHER = 0.6


class Term(NamedTuple):
    """A term on one side of a step."""

    agent: str
    step: str
    name: str


def phrases(
    rows: Sequence[SessionRow], agent: str, min_members: int, max_phrases: int
) -> Mapping[Term, Bools]:
    """The sessions of each kept phrase, by its leading term."""
    counts = Counter(term for row in rows for term in _terms(row, agent))
    least, most = max(min_members, MIN_SHARE * len(rows)), MAX_SHARE * len(rows)
    usual = sorted(
        (term for term, k in counts.items() if least <= k <= most),
        key=lambda term: (-counts[term], term),
    )[:MAX_TERMS]
    shown = _shown(rows, agent, usual)
    groups: list[list[Term]] = []
    for term in usual:
        for group in groups:
            if group[0][:2] == term[:2] and jaccard(shown[group[0]], shown[term]) >= TOGETHER:
                group.append(term)
                break
        else:
            groups.append([term])
    groups.sort(key=lambda group: (-len(group), -counts[group[0]], group[0]))
    return {group[0]: shown[group[0]] for group in groups[:max_phrases]}


def term_members(rows: Sequence[SessionRow], agent: str, step: str, name: str) -> Bools:
    """The sessions in which a term stands on its side of the step."""
    wanted = Term(agent, step, name)
    return np.array([wanted in set(_terms(row, agent)) for row in rows], bool)


def _shown(rows: Sequence[SessionRow], agent: str, wanted: Sequence[Term]) -> dict[Term, Bools]:
    shown = {term: np.zeros(len(rows), bool) for term in wanted}
    for i, row in enumerate(rows):
        for term in _terms(row, agent):
            if term in shown:
                shown[term][i] = True
    return shown


def _terms(row: SessionRow, agent: str) -> list[Term]:
    return [term for t in row.interrogate.terms if t.agent == agent for term in _of_step(t)]


def _of_step(terms: StepTerms) -> list[Term]:
    sides = zip(SIDES, (terms.added, terms.dropped), strict=True)
    return [
        Term(terms.agent, terms.step, f"term:{side}:{word}")
        for side, words in sides
        for word in words
    ]
