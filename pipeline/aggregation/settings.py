"""What a developer may set in aggregation.

In: nothing. Out: `AggregationSettings`. Next: `aggregate` and `gate`.
"""

from pipeline.model.frozen import Frozen


class AggregationSettings(Frozen):
    """The gate's promises hold for these values; the activity fills `min_sessions` from Config."""

    min_sessions: int = 5
    """Failing sessions a cluster needs."""
    min_blocks: int = 3
    """Independent blocks (users, first messages) they must come from."""
    min_healthy: int = 10
    """Healthy sessions of the agent below which nothing is named."""
    max_q: float = 0.05
    """Benjamini-Hochberg bound at which an investigation opens."""
    max_share: float = 0.8
    """A trait that more of the agent's sessions show is usual, and makes no hypothesis."""
    same_members: float = 0.9
    """Clusters whose members agree more than this (Jaccard) are one cluster."""
    max_phrases: int = 20
    """Wordings of an agent that are tested beside its traits."""
    first_look: int = 20
    """Sessions at which the first look is counted; each doubling counts one more."""
