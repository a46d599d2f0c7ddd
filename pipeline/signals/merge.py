"""Merge: received signals become deduplicated votes.

In: the signals of one session. Out: `MergeResult`. Next: `verdict` weighs them against the symptoms.

A signal votes by its score: below 0.5 is negative, from 0.5 on positive; without a score it does not
vote. Signals of one (source, kind, trigger name) are one opinion: the newest counts where all carry
a timestamp (a thumb that was turned), else one vote a direction remains. A vote's weight is the
signal's confidence, or 1 from a human or a label and 0.5 from another's synthetic detector.
"""

from collections.abc import Sequence

from pipeline.model.session import MergeResult
from pipeline.model.signal import Signal, SignalSource, Vote

DEFAULT_WEIGHTS = {
    SignalSource.HUMAN: 1.0,
    SignalSource.LABEL: 1.0,
    SignalSource.SYNTHETIC: 0.5,
}
_LEAST_WEIGHT = 0.01


def merge_signals(signals: Sequence[Signal]) -> MergeResult:
    """One vote an opinion and direction, sorted; the order of arrival changes nothing."""
    distinct = {s.identity: s for s in sorted(signals, key=_order) if s.score is not None}
    opinions: dict[tuple[str, str, str], list[Signal]] = {}
    for signal in distinct.values():
        key = (signal.source.value, signal.kind.value, signal.trigger_name or "")
        opinions.setdefault(key, []).append(signal)
    votes = [vote for key in sorted(opinions) for vote in _votes(opinions[key])]
    return MergeResult(votes=tuple(votes))


def _order(signal: Signal) -> tuple[int, float, float, str]:
    return (signal.timestamp or 0, signal.score or 0.0, signal.confidence or 0.0, signal.identity)


def _votes(opinion: Sequence[Signal]) -> list[Vote]:
    stamps = [s.timestamp for s in opinion if s.timestamp is not None]
    if len(stamps) == len(opinion):
        opinion = [s for s in opinion if s.timestamp == max(stamps)]
    return [
        _vote([s for s in opinion if _negative(s) is negative], negative)
        for negative in (True, False)
        if any(_negative(s) is negative for s in opinion)
    ]


def _negative(signal: Signal) -> bool:
    return signal.score is not None and signal.score < 0.5


def _vote(signals: Sequence[Signal], negative: bool) -> Vote:
    first = signals[0]
    weight = max(
        DEFAULT_WEIGHTS[s.source] if s.confidence is None else s.confidence for s in signals
    )
    return Vote(
        source=first.source,
        negative=negative,
        weight=min(1.0, max(_LEAST_WEIGHT, weight)),
        name=first.trigger_name or first.kind.value,
    )
