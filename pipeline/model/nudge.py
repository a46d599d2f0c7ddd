"""What the store asks the edge to tell Temporal after a commit.

In: nothing. Out: `Nudge`, `AgentNudge`, `CommitResult`. Next: `exporter.notify` sends them by
signal-with-start, so that sending one twice is harmless.
"""

from pipeline.model.frozen import Frozen
from pipeline.model.session import SessionKey


class Nudge(Frozen):
    """A session that turned dirty: its workflow must know that spans arrived."""

    key: SessionKey
    version: int


class AgentNudge(Frozen):
    """An agent with sessions that its last aggregation has not seen."""

    project: str
    agent: str
    epoch: int


class CommitResult(Frozen):
    """What one commit did. `nudges` are the sessions whose `nudged` it flipped to true.

    `n_expired` spans or signals were of sessions that had been removed, and dropped.
    """

    n_new: int = 0
    n_duplicate: int = 0
    n_replaced: int = 0
    n_conflicts: int = 0
    n_expired: int = 0
    nudges: tuple[Nudge, ...] = ()
