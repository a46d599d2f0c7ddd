"""What the edge needs of the store, as protocols; `pipeline.store.Store` fulfils them.

In: nothing. Out: `IngestStore`, `NudgeSource`, `Pingable`. Next: receiver, HTTP, notifier and health
each name the least they need, so that a test hands them just that.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Protocol

from pipeline.model.nudge import AgentNudge, CommitResult, Nudge
from pipeline.model.signal import Signal
from pipeline.model.trace_chunk import UnreadChunks


class IngestStore(Protocol):
    """Where spans and signals are committed."""

    def submit_spans(self, batch: UnreadChunks) -> "Future[CommitResult]":
        """Queue one batch; the future ends when it is durable, or with what reading it raised."""
        ...

    def commit_signals(self, signals: Sequence[Signal]) -> CommitResult:
        """Returns when the signals are durable."""
        ...


class NudgeSource(Protocol):
    """Where lost nudges are found."""

    def lost_nudges(
        self, *, debounce: timedelta, cap: timedelta, grace: timedelta, limit: int
    ) -> tuple[Nudge, ...]:
        """Sessions that should have ended `grace` ago."""
        ...

    def lost_agents(
        self, *, quiet: timedelta, grace: timedelta, limit: int
    ) -> tuple[AgentNudge, ...]:
        """Agents that should have been aggregated `grace` ago."""
        ...


class Pingable(Protocol):
    """Whatever can say that it is there."""

    def ping(self) -> None:
        """Raises `StoreUnavailable`."""
        ...
