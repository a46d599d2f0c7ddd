"""What crosses Temporal for an agent's aggregation: names, epochs, cluster ids.

In: nothing. Out: the inputs and results of `workflow` and `activities`. `AggregationInput` is
written by whoever nudges, `AgentClock`, `Opening` and `Interrogation` by the store; they stand further down.
"""

from pipeline.model.answers import AgentClock, Interrogation, Opening
from pipeline.model.frozen import Frozen
from pipeline.temporal.nudges import AggregationInput

__all__ = [
    "AgentClock",
    "AgentInput",
    "AggregateResult",
    "AggregationInput",
    "FinishAggregationInput",
    "Interrogation",
    "Opening",
]


class AgentInput(Frozen):
    """One agent of one project."""

    project: str
    agent: str


class AggregateResult(Frozen):
    """The epoch that was aggregated, every cluster of the project that awaits investigation, and the
    sessions of the agent that a language model is to be asked about."""

    epoch: int
    openings: tuple[Opening, ...]
    interrogations: tuple[Interrogation, ...] = ()


class FinishAggregationInput(Frozen):
    """Close the cycle of one epoch."""

    project: str
    agent: str
    epoch: int
