"""Wordings that an agent uses in some sessions only: hypotheses where no trait has a name for it.

In: the terms an agent added and dropped in each session. Out: a few terms, each standing for the
words that come and go with it. Next: each is a hypothesis like any trait, `term:<side>:<term>`.

Chosen without sight of the verdict: terms of the same sessions form a phrase, and longer phrases say
more than single words. Only the first `max_phrases` are kept, because each is one more test.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model.session import SessionRow
from pipeline.population.rules import jaccard
from pipeline.population.terms import Term, terms_of

Bools = NDArray[np.bool_]
MAX_TERMS = 400
MIN_SHARE, MAX_SHARE = 0.04, 0.5
TOGETHER = 0.6


def phrases(
    rows: Sequence[SessionRow], agent: str, min_members: int, max_phrases: int
) -> Mapping[Term, Bools]:
    """The sessions of each kept phrase, by its leading term."""
    counts = Counter(term for row in rows for term in terms_of(row, agent))
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


def _shown(rows: Sequence[SessionRow], agent: str, wanted: Sequence[Term]) -> dict[Term, Bools]:
    shown = {term: np.zeros(len(rows), bool) for term in wanted}
    for i, row in enumerate(rows):
        for term in terms_of(row, agent):
            if term in shown:
                shown[term][i] = True
    return shown
