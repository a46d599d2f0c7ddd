"""The words that an agent added or dropped in each session, as features beside its traits.

In: session rows. Out: `Term`s of a row, and the sessions that show one. Next: `features` evaluates
membership rules over them, aggregation makes hypotheses of those that come and go together.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.model.detection import StepTerms
from pipeline.model.session import SessionRow

Bools = NDArray[np.bool_]
SIDES = ("added", "dropped")
EVERY_SIDE = (*SIDES, "external")
"""What came from outside makes no hypothesis of an agent, but a rule may name it."""


class Term(NamedTuple):
    """A term on one side of a step."""

    agent: str
    step: str
    name: str


def term_members(rows: Sequence[SessionRow], agent: str, step: str, name: str) -> Bools:
    """The sessions in which a term stands on its side of the step."""
    _, side, word = name.split(":", 2)
    if side not in EVERY_SIDE:
        return np.zeros(len(rows), bool)
    return np.array([_stands(row, agent, step, side, word) for row in rows], bool)


def _stands(row: SessionRow, agent: str, step: str, side: str, word: str) -> bool:
    return any(
        word in getattr(t, side)
        for t in row.interrogate.terms
        if (t.agent, t.step) == (agent, step)
    )


def terms_of(row: SessionRow, agent: str) -> list[Term]:
    """The terms of the agent's steps in a session, `term:<side>:<term>`."""
    return [term for t in row.interrogate.terms if t.agent == agent for term in _of_step(t)]


def _of_step(terms: StepTerms) -> list[Term]:
    sides = zip(SIDES, (terms.added, terms.dropped), strict=True)
    return [
        Term(terms.agent, terms.step, f"term:{side}:{word}")
        for side, words in sides
        for word in words
    ]
