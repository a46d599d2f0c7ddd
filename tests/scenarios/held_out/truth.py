"""What was planted in an application, and what its customers make known of it.

In: nothing. Out: `Fault`, `Truth`, `Feedback`, `Application`. Next: the applications, then `judge`.
"""

from collections.abc import Mapping
from random import Random
from typing import Any, NamedTuple

Line = Mapping[str, Any]


class Fault(NamedTuple):
    """One planted cause. `features` are prefixes of acceptable feature names."""

    agent: str
    features: tuple[str, ...]
    what: str


class Truth(NamedTuple):
    """All planted causes; none means that no agent may be blamed for anything."""

    faults: tuple[Fault, ...]
    innocent: tuple[str, ...]
    note: str = ""

    @property
    def agents(self) -> frozenset[str]:
        """The agents to blame."""
        return frozenset(fault.agent for fault in self.faults)


class Feedback(NamedTuple):
    """Share of wrong and of right sessions that get a negative signal, and of right ones a positive."""

    wrong: float
    right: float
    praise: float = 0.0
    source: str = "human"
    kind: str = "feedback"
    name: str = "thumbs"

    def signals(self, rng: Random, session_id: str, *, wrong: bool, at: int) -> list[Line]:
        """The lines a session's user or reviewer leaves behind; mostly none."""
        if rng.random() < (self.wrong if wrong else self.right):
            score = 0.0
        elif not wrong and rng.random() < self.praise:
            score = 1.0
        else:
            return []
        return [
            {
                "session_id": session_id,
                "kind": self.kind,
                "source": self.source,
                "trigger_name": self.name,
                "score": score,
                "timestamp_unix_nano": at,
            }
        ]


THUMBS = Feedback(0.6, 0.03)
THUMBS_BOTH_WAYS = Feedback(0.6, 0.03, 0.2)
LAZY = Feedback(0.4, 0.05)
REVIEWED = Feedback(1.0, 0.0, 1.0, "label", "metric", "review")
SILENT = Feedback(0.0, 0.0)


class Application(NamedTuple):
    """A customer's application as the sidecar would receive it, and what is true of it."""

    name: str
    truth: Truth
    lines: tuple[Line, ...]
    signals: tuple[Line, ...]
    wrong: Mapping[str, bool]
    """Session id -> whether its outcome really is wrong."""
