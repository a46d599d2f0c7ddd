"""What crosses Temporal for a session: ids, versions and durations, never trace text.

In: nothing. Out: the inputs and results of `workflow` and `activities`. `SessionInput` is written
by whoever nudges and `SessionClock` by the store; both stand further down and are only named here.
"""

from pipeline.model.answers import SessionClock
from pipeline.model.frozen import Frozen
from pipeline.model.session import SessionKey
from pipeline.temporal.nudges import SessionInput

__all__ = ["CommitSessionInput", "CommitSessionResult", "SessionClock", "SessionInput"]


class CommitSessionInput(Frozen):
    """Close the cycle of one version; `failure` is the code of the stage that failed for good."""

    key: SessionKey
    version: int
    failure: str | None = None


class CommitSessionResult(Frozen):
    """Whether the version still held, and whether agents wait for a nudge."""

    done: bool
    agents_wait: bool
