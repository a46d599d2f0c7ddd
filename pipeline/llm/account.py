"""Who pays for a request, and what for.

In: nothing. Out: `Account`. Next: `metered` books each request on it.
"""

from pipeline.model.frozen import Frozen


class Account(Frozen):
    """One diagnosis of one project."""

    project: str
    purpose: str
    """The id of the workflow that asks, which ends in a revision; what a finding cost is the sum over all."""
    share: float = 1.0
    """How much of the day's budget may be spent when this asks: what can wait leaves a rest."""
