"""Which values of a trait are unusual: cuts, chosen without sight of the verdict.

In: a trait's values over all sessions of an agent. Out: thresholds. Next: a cluster's membership
rule is `value >= threshold`, evaluated on every session.

Up to three cuts a trait: `any` (it shows at all, where it mostly does not), `split` (Otsu: the two
groups that differ most) and `outlier` (median + 3 robust standard deviations). Cuts that choose
nearly the same sessions are one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
MAD_TO_SIGMA = 1.4826
MIN_ZERO_SHARE = 0.2


class Cut(NamedTuple):
    """A threshold and how it was found."""

    kind: str
    threshold: float


def cuts(values: Floats, min_members: int, max_share: float, same: float) -> tuple[Cut, ...]:
    """The cuts that at least `min_members` and at most `max_share` of the sessions pass."""
    kept: list[Cut] = []
    chosen: list[Bools] = []
    for cut in (*_any(values), *_split(values), *_outlier(values)):
        members = values >= cut.threshold
        n = int(members.sum())
        if not min_members <= n <= max_share * len(values):
            continue
        if all(jaccard(members, other) <= same for other in chosen):
            kept.append(cut)
            chosen.append(members)
    return tuple(kept)


def jaccard(a: Bools, b: Bools) -> float:
    """Shared members over all members; two empty sets do not agree."""
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 0.0


def _any(values: Floats) -> Sequence[Cut]:
    positive = values[values > 0]
    if not len(positive) or (values <= 0).mean() < MIN_ZERO_SHARE:
        return ()
    return (Cut("any", float(positive.min())),)


def _split(values: Floats) -> Sequence[Cut]:
    """Otsu's threshold: the largest variance between the two groups; the upper group's minimum."""
    levels, counts = np.unique(values, return_counts=True)
    if len(levels) < 2:
        return ()
    weight = np.cumsum(counts)[:-1] / len(values)
    mass = np.cumsum(counts * levels)[:-1] / len(values)
    mean = float(values.mean())
    between = (mean * weight - mass) ** 2 / (weight * (1 - weight))
    return (Cut("split", float(levels[int(between.argmax()) + 1])),)


def _outlier(values: Floats) -> Sequence[Cut]:
    median = float(np.median(values))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(values - median)))
    above = values[values > median + 3 * spread]
    if spread == 0 or not len(above):
        return ()
    return (Cut("outlier", float(above.min())),)
