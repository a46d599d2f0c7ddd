"""Signals in Kelet's meaning: observations about a session's quality. And what is merged from them.

In: nothing. Out: `Signal`, `Vote`, `Verdict`. Next: `pipeline.signals.merge` makes the verdict.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pipeline.model.frozen import Frozen


class SignalKind(StrEnum):
    """Kelet's kinds."""

    FEEDBACK = "feedback"
    EDIT = "edit"
    EVENT = "event"
    METRIC = "metric"
    ARBITRARY = "arbitrary"


class SignalSource(StrEnum):
    """Kelet's sources."""

    HUMAN = "human"
    LABEL = "label"
    SYNTHETIC = "synthetic"


class Signal(Frozen):
    """One observation. `identity` is the Idempotency-Key, the id, or the content hash (hex).

    `score` is in [0, 1]; below 0.5 is negative. `timestamp` is Unix nanoseconds, None if not given.
    """

    identity: str
    project: str
    session_id: str | None
    trace_id: str | None
    kind: SignalKind
    source: SignalSource
    trigger_name: str | None = None
    score: float | None = None
    value: str | None = None
    confidence: float | None = None
    metadata: Mapping[str, Any] = {}
    timestamp: int | None = None


class Vote(Frozen):
    """One deduplicated opinion: `negative` or not, its weight in (0, 1], and the family that cast it.

    `family` is None for received signals, else the detector family that made the synthetic signal.
    """

    source: SignalSource
    negative: bool
    weight: float
    name: str
    family: str | None = None


class VerdictLabel(StrEnum):
    """What the votes say of a session."""

    FAILING = "failing"
    HEALTHY = "healthy"
    UNKNOWN = "unknown"


class Verdict(Frozen):
    """The merged opinion. `confirmed` is True when a human or a label said so."""

    label: VerdictLabel
    confidence: float
    sources: tuple[SignalSource, ...] = ()
    confirmed: bool = False
