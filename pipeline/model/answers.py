"""What the store answers to the stages and to inspection.

In: nothing. Out: clocks, snapshots, the results of fenced writes. Next: activities turn them
into workflow results, the status service into protobuf.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from pipeline.model.cluster import Proposal
from pipeline.model.frozen import Frozen
from pipeline.model.nudge import AgentNudge
from pipeline.model.session import (
    EnrichResult,
    InterrogateResult,
    MergeResult,
    Session,
    SessionKey,
    SessionRow,
    SessionState,
)
from pipeline.model.signal import Signal
from pipeline.model.span import Span
from pipeline.model.step import Step


class SessionClock(Frozen):
    """Where a session stands in time, on the store's clock and from received times.

    `silent_for` counts from the last span or signal that changed it, `open_for` from the first that
    is not analysed yet (zero when all is analysed).
    """

    version: int
    analysed_version: int
    silent_for: timedelta
    open_for: timedelta
    state: SessionState
    n_spans: int


class Snapshot(NamedTuple):
    """The spans of one session at one version, by (start, trace id, span id).

    `n_spans` is what the session has, more than `len(spans)` when the read was limited.
    """

    version: int
    spans: tuple[Span, ...]
    n_spans: int


class ReadLimits(NamedTuple):
    """What a session may have to be read into memory."""

    max_spans: int
    max_bytes: int


class SessionSeen(NamedTuple):
    """A session at one version, as the detectors saw it."""

    spans: Sequence[Span]
    steps: Sequence[Step]
    enriched: EnrichResult


class StageResults(Frozen):
    """The three children's results at one version."""

    enrich: EnrichResult
    merge: MergeResult
    interrogate: InterrogateResult


class FinishResult(Frozen):
    """`done` is False when the session has grown meanwhile; `agents` need a nudge."""

    done: bool
    agents: tuple[AgentNudge, ...] = ()


class AgentClock(Frozen):
    """Where an agent's aggregation stands, on the store's clock."""

    epoch: int
    aggregated_epoch: int
    quiet_for: timedelta
    n_sessions: int
    n_sessions_at_last: int


class Opening(Frozen):
    """A cluster revision that is gated open and has no result yet."""

    cluster_id: str
    revision: int


class Interrogation(Frozen):
    """An agent of a failing session that a language model is to be asked about, at one version."""

    project: str
    digest: str
    version: int
    agent: str

    @property
    def key(self) -> SessionKey:
        """How the store names the session."""
        return SessionKey(project=self.project, digest=self.digest)


class Proposed(Frozen):
    """What a model proposed of one agent of one session, as far as it stood the check."""

    proposals: tuple[Proposal, ...] = ()
    n_said: int = 0
    """Hypotheses that it made, those that fell included."""
    reason: str | None = None
    """Why there are none."""


class ReplaceResult(Frozen):
    """`accepted` is False when something newer is stored; `openings` await an investigation."""

    accepted: bool
    openings: tuple[Opening, ...] = ()


class Investigation(Frozen):
    """One entry of the history: what the investigation of (cluster, revision) ended with."""

    cluster_id: str
    revision: int
    finding_id: str | None
    reason: str
    outdated: bool


class SessionDetail(Frozen):
    """A session with its row, its signals and the clusters that hold it."""

    session: Session
    row: SessionRow | None
    signals: tuple[Signal, ...]
    cluster_ids: tuple[str, ...]
    proposals: tuple[Proposal, ...] = ()
    """What a language model proposed of it."""
