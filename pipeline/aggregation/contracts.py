"""What crosses Temporal for an agent's aggregation: names, epochs, cluster ids.

In: nothing. Out: the inputs and results of `workflow` and `activities`. `AggregationInput` is
written by whoever nudges, `AgentClock` and `Opening` by the store; they stand further down.
"""

from pipeline.model.answers import AgentClock, Opening
from pipeline.model.frozen import Frozen
from pipeline.temporal.nudges import AggregationInput

__all__ = [
    "AgentClock",
    "AgentInput",
    "AggregateResult",
    "AggregationInput",
    "FinishAggregationInput",
    "Opening",
]


class AgentInput(Frozen):
    """One agent of one project."""

    project: str
    agent: str


class AggregateResult(Frozen):
    """The epoch that was aggregated, and every cluster of the project that awaits investigation."""

    epoch: int
    openings: tuple[Opening, ...]


class FinishAggregationInput(Frozen):
    """Close the cycle of one epoch."""

    project: str
    agent: str
    epoch: int
