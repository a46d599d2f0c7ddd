"""Verdict: failing, healthy or unknown, with a confidence and the sources that made it.

In: the votes of symptoms and of received signals. Out: `Verdict`. Next: it is committed with the
session's row; a test of a symptom that votes asks again without its family.

Let N and P be the sums of the weights of negative and positive votes of humans and labels, n and p
the same of synthetic votes.

- N + P > 0: humans and labels decide. failing if N > P, healthy if P > N, unknown if equal.
  confidence = |N - P| / (N + P) * (1 - prod(1 - w)) * (1 - 0.3 * c), w over the winning votes (each
  at most 0.95), c = the share of synthetic weight that contradicts, (n or p) / (1 + n + p).
- only synthetic: failing if n > p, healthy if p > n, unknown if equal;
  confidence = |n - p| / (n + p) * (1 - prod(1 - w)), at most 0.8.
- no vote at all: healthy, presumed, with confidence 0.5 if the session came to an end with an
  output, else unknown with confidence 0. A session that only a synthetic vote calls healthy must
  also have ended.
"""

from collections.abc import Iterable, Sequence
from math import prod

from pipeline.model.session import EnrichResult, MergeResult, SessionRow
from pipeline.model.signal import SignalSource, Verdict, VerdictLabel, Vote

PRESUMED_CONFIDENCE = 0.5
_MOST_SURE = 0.95
_MOST_SYNTHETIC = 0.8
_CONTRADICTION = 0.3


def decide(enrich: EnrichResult, merge: MergeResult, without_family: str | None = None) -> Verdict:
    """The verdict; `without_family` leaves out the votes of one family of detectors."""
    synthetic = [v for v in enrich.votes if without_family is None or v.family != without_family]
    synthetic += [v for v in merge.votes if v.source is SignalSource.SYNTHETIC]
    strong = [v for v in merge.votes if v.source is not SignalSource.SYNTHETIC]
    if strong:
        return _decided_by(strong, synthetic)
    if synthetic:
        return _suspected_by(synthetic, completed=enrich.completed)
    if enrich.completed:
        return Verdict(label=VerdictLabel.HEALTHY, confidence=PRESUMED_CONFIDENCE)
    return Verdict(label=VerdictLabel.UNKNOWN, confidence=0.0)


def decide_row(row: SessionRow, without_family: str | None) -> Verdict:
    """The stored verdict of a row, or the one that stands when a family's votes are left out."""
    if without_family is None:
        return row.verdict
    return decide(row.enrich, row.merge, without_family)


def _decided_by(strong: Sequence[Vote], synthetic: Sequence[Vote]) -> Verdict:
    negative, positive = _weight(strong, negative=True), _weight(strong, negative=False)
    if _equal(negative, positive):
        return _unknown(strong)
    failing = negative > positive
    against = _weight(synthetic, negative=not failing) / (1 + sum(v.weight for v in synthetic))
    lead = abs(negative - positive) / (negative + positive)
    sure = lead * _together(strong, failing) * (1 - _CONTRADICTION * against)
    return _verdict(failing, sure, [*strong, *synthetic], confirmed=True)


def _suspected_by(votes: Sequence[Vote], *, completed: bool) -> Verdict:
    negative, positive = _weight(votes, negative=True), _weight(votes, negative=False)
    failing = negative > positive
    if _equal(negative, positive) or not (failing or completed):
        return _unknown(votes)
    lead = abs(negative - positive) / (negative + positive)
    return _verdict(
        failing, min(_MOST_SYNTHETIC, lead * _together(votes, failing)), votes, confirmed=False
    )


def _verdict(
    failing: bool, confidence: float, votes: Sequence[Vote], *, confirmed: bool
) -> Verdict:
    return Verdict(
        label=VerdictLabel.FAILING if failing else VerdictLabel.HEALTHY,
        confidence=round(confidence, 4),
        sources=_sources(v for v in votes if v.negative is failing),
        confirmed=confirmed,
    )


def _unknown(votes: Sequence[Vote]) -> Verdict:
    return Verdict(label=VerdictLabel.UNKNOWN, confidence=0.0, sources=_sources(votes))


def _sources(votes: Iterable[Vote]) -> tuple[SignalSource, ...]:
    return tuple(sorted({v.source for v in votes}, key=list(SignalSource).index))


def _weight(votes: Sequence[Vote], *, negative: bool) -> float:
    return sum(sorted(v.weight for v in votes if v.negative is negative))


def _together(votes: Sequence[Vote], failing: bool) -> float:
    weights = sorted(v.weight for v in votes if v.negative is failing)
    return 1 - prod(1 - min(_MOST_SURE, w) for w in weights)


def _equal(one: float, other: float) -> bool:
    return abs(one - other) < 1e-9
