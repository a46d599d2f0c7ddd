"""What crosses Temporal for a session: ids, versions and durations, never trace text.

In: nothing. Out: the inputs and results of `workflow` and `activities`. `SessionInput` is written
by whoever nudges and `SessionClock` by the store; both stand further down and are only named here.
"""

from pipeline.model.answers import SessionClock
from pipeline.model.frozen import Frozen
from pipeline.model.nudge import AgentNudge
from pipeline.model.session import SessionKey
from pipeline.temporal.nudges import SessionInput

__all__ = [
    "CommitSessionInput",
    "CommitSessionResult",
    "NotifyInput",
    "SessionClock",
    "SessionInput",
]


class CommitSessionInput(Frozen):
    """Close the cycle of one version; `failure` is the code of the stage that failed for good."""

    key: SessionKey
    version: int
    failure: str | None = None


class CommitSessionResult(Frozen):
    """Whether the version still held, and the agents that wait for a nudge (names and epochs)."""

    done: bool
    agents: tuple[AgentNudge, ...] = ()


class NotifyInput(Frozen):
    """The agents whose rows changed with the commit."""

    agents: tuple[AgentNudge, ...]
