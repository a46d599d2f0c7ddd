"""What the store asks the edge to tell Temporal after a commit.

In: nothing. Out: `Nudge`, `AgentNudge`, `CommitResult`. Next: `exporter.notify` sends them by
signal-with-start, so that sending one twice is harmless.

One is made for every session of every request: named tuples of plain values.
"""

from typing import NamedTuple

from pipeline.model.session import SessionKey


class Nudge(NamedTuple):
    """A session that turned dirty: its workflow must know that spans arrived."""

    project: str
    digest: str
    version: int

    @classmethod
    def of(cls, key: SessionKey, version: int) -> "Nudge":
        """Of a session that is named by its key."""
        return cls(key.project, key.digest, version)

    @property
    def key(self) -> SessionKey:
        """How workflows name the session."""
        return SessionKey(project=self.project, digest=self.digest)


class AgentNudge(NamedTuple):
    """An agent with sessions that its last aggregation has not seen."""

    project: str
    agent: str
    epoch: int


class CommitResult(NamedTuple):
    """What one commit did. `nudges` are the sessions whose `nudged` it flipped to true.

    `n_expired` spans or signals were of sessions that had been removed, and dropped. `n_late` of the new
    spans are of sessions that had been analysed before; `n_reopened` such sessions are to be analysed anew.
    """

    n_new: int = 0
    n_duplicate: int = 0
    n_replaced: int = 0
    n_conflicts: int = 0
    n_expired: int = 0
    n_late: int = 0
    n_reopened: int = 0
    nudges: tuple[Nudge, ...] = ()
