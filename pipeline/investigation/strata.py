"""Strata of the trigger: sessions whose input was alike.

In: the trigger's column. Out: a stratum for each session, columns centred within them. Next: the
conditional permutation test.
"""

import numpy as np
import scipy
from numpy.typing import NDArray

from pipeline.investigation.columns import Column

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
MIN_STRATUM = 5
MAX_CUTS = 40
MIN_FOR_EACH = 6


def strata_of(trigger: Column, failing: Bools) -> Ints:
    """0 without and 1 with the trigger; a gradual one is cut where the outcomes differ most."""
    if trigger.cut is not None:
        return (trigger.raw >= trigger.cut).astype(np.int64)
    return (trigger.raw >= best_cut(trigger.raw, failing)).astype(np.int64)


def best_cut(values: Floats, failing: Bools) -> float:
    """The threshold whose two groups differ most in their outcome; the lowest among equals."""
    levels = np.unique(values)[1:]
    if len(levels) > MAX_CUTS:
        levels = np.unique(np.quantile(levels, np.linspace(0, 1, MAX_CUTS), method="nearest"))
    y = failing - failing.mean()
    best, found = -1.0, float(levels[0]) if len(levels) else 0.0
    for level in levels:
        upper = values >= level
        n = int(upper.sum())
        if min(n, len(values) - n) < min(MIN_STRATUM, len(values) // 4):
            continue
        gain = abs(float(y[upper].sum())) / (n * (len(values) - n)) ** 0.5
        if gain > best + 1e-12:
            best, found = gain, float(level)
    return found


def within(matrix: NDArray[np.floating], strata: Ints, inputs: Floats | None) -> Floats:
    """Columns centred in each stratum, and freed of what still follows the inputs' ranks there.

    `inputs` has a column for each feature of the input. A stratum too small to tell is only centred.
    """
    result = np.array(matrix, np.float64)
    for stratum in np.unique(strata):
        inside = strata == stratum
        part = result[inside] - result[inside].mean(axis=0)
        if inputs is not None and len(part) >= MIN_FOR_EACH * inputs.shape[1]:
            basis = _basis(inputs[inside])
            part -= basis @ (basis.T @ part)
        result[inside] = part
    return result


def _basis(inputs: Floats) -> Floats:
    """An orthonormal basis of the centred ranks."""
    ranks = scipy.stats.rankdata(inputs, axis=0)
    left, strength, _ = np.linalg.svd(ranks - ranks.mean(axis=0), full_matrices=False)
    return left[:, strength > 1e-6 * max(1.0, float(strength.max(initial=0.0)))]
