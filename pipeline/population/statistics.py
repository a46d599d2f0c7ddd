"""The small statistics that gate and contrast share.

In: counts. Out: Wilson intervals, Fisher's one-sided p, the looks factor, Benjamini-Hochberg.
Next: `aggregate`, `gate`, and the contrast of `pipeline.investigation`.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy  # `scipy.stats` takes most of a second to load, so scipy loads it when it is first used
from numpy.typing import NDArray

from pipeline.model.cluster import Rate

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def wilson(k: int, n: int) -> Rate:
    """`k` of `n` with its 95 % Wilson interval; all of [0, 1] when n is 0."""
    if n == 0:
        return Rate(k=0, n=0, low=0.0, high=1.0)
    interval = scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
    return Rate(k=k, n=n, low=round(float(interval.low), 6), high=round(float(interval.high), 6))


def fisher(failing: Rate, healthy: Rate) -> float:
    """Fisher's exact test, one-sided: is the rate higher among failing than among healthy?"""
    if not failing.n or not healthy.n:
        return 1.0
    total, members = failing.n + healthy.n, failing.k + healthy.k
    return float(min(1.0, scipy.stats.hypergeom.sf(failing.k - 1, total, members, failing.n)))


def design_effect(member: Bools, failing: Bools, block_of: Ints) -> float:
    """How much larger the variance of the comparison is because sessions come in blocks, >= 1.

    Sums, over blocks, of what each session adds to the covariance of membership and failing (beyond
    what membership explains), against the same of single sessions. 1 when every block is single.
    """
    rate = {m: float(failing[member == m].mean()) for m in (True, False) if (member == m).any()}
    expected = np.where(member, rate.get(True, 0.0), rate.get(False, 0.0))
    parts = (member - member.mean()) * (failing - expected)
    blocks = np.bincount(np.unique(block_of, return_inverse=True)[1].reshape(-1), weights=parts)
    single = float((parts**2).sum())
    return max(1.0, float((blocks**2).sum()) / single) if single > 0 else 1.0


def in_blocks(p: float, effect: float) -> float:
    """A p-value as it would be with 1/`effect` of the information."""
    if effect <= 1.0 or not 0.0 < p < 1.0:
        return p
    norm = scipy.stats.norm
    return max(p, float(norm.sf(norm.isf(p) / math.sqrt(effect))))


def looks_factor(n_sessions: int, first_look: int = 20) -> float:
    """(pi^2/6) j^2 with j = 1 + max(0, floor(log2(n / 20))).

    The price of looking again as sessions arrive: since the sum of 6 / (pi^2 j^2) over all j is 1,
    the error over all looks stays below the nominal one. It depends on n alone, not on how often
    anybody looked.
    """
    doublings = math.floor(math.log2(n_sessions / first_look)) if n_sessions > 0 else 0
    return math.pi**2 / 6 * (1 + max(0, doublings)) ** 2


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """The q-value of each p-value, in the order given."""
    if not p_values:
        return ()
    return tuple(float(q) for q in scipy.stats.false_discovery_control(p_values, method="bh"))
