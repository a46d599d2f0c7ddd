"""Whose turn it is among the work that waits for a language model: the one place that says so.

In: a project, the kind of work. Out: `model_priority`, given to every workflow that speaks to a model
when it is started; its activities inherit it. Next: Temporal shares the task queue among the keys.
"""

import hashlib
from enum import IntEnum

from temporalio.common import Priority

MAX_FAIRNESS_KEY = 64
"""Temporal's limit, in bytes."""


class Turn(IntEnum):
    """Temporal's priority keys: the lowest number goes first. Statistics have the default, 3."""

    EXPLAIN = 4
    """A few requests, and a finding waits for them."""
    TRY = 5
    """Some thirty requests that only add to a finding."""
    QUESTION = 5
    """Some requests that may lead to one, or to nothing; the last key that Temporal has."""


def model_priority(project: str, turn: Turn = Turn.EXPLAIN) -> Priority:
    """Cheap work first; within it projects take turns, so that one with much to ask holds up no other."""
    return Priority(priority_key=turn, fairness_key=fairness_key(project))


def fairness_key(project: str) -> str:
    """The project; a long name as a digest, since names that share a beginning share no turn."""
    if len(project.encode()) <= MAX_FAIRNESS_KEY:
        return project
    return hashlib.sha256(project.encode()).hexdigest()[:32]
