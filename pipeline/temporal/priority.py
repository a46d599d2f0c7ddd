"""Whose turn it is among the work that waits for a language model: the one place that says so.

In: a project. Out: `model_priority`, given to every workflow that speaks to a model when it is
started; its activities inherit it. Next: Temporal shares the task queue among the keys.
"""

from temporalio.common import Priority

MAX_FAIRNESS_KEY = 60
"""Temporal's limit is 64 bytes; projects that share a beginning share their turn."""


def model_priority(project: str) -> Priority:
    """Projects take turns, so that one with much to ask holds up no other."""
    return Priority(fairness_key=project[:MAX_FAIRNESS_KEY])
