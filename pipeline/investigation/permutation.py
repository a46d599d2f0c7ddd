"""The max-T permutation test: one adjusted p for everything that was tried.

In: unit columns, labels, blocks, strata, a seed. Out: correlation, T and adjusted p a column.
Next: `blame`.

Each permutation exchanges the labels of whole blocks of sessions, within strata: a block takes the
labels of another block of the same size. Sizes that too few blocks have are pooled; there a block
takes another's labels from the beginning, over again or cut off as its own size needs, so that
sessions of one user still stand and fall together. A column's p is the share of permutations whose
largest T, over all columns, reaches its own.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
MIN_PARTNERS = 4
CHUNK = 256
TOLERANCE = 1e-5


class LabelSet(NamedTuple):
    """Centred labels at unit length and the columns that are tested against them."""

    labels: Floats
    columns: Ints


class MaxT(NamedTuple):
    """For each column: signed correlation, T, adjusted p."""

    r: NDArray[np.float64]
    t: NDArray[np.float64]
    p: NDArray[np.float64]


class Shuffle:
    """Draws permutations of positions that keep strata and blocks whole."""

    def __init__(self, block_of: Ints, strata: Ints, seed: int) -> None:
        self.n = len(block_of)
        self.strata = strata
        self._random = np.random.Generator(np.random.PCG64(seed))
        self._groups: list[Sequence[Ints]] = []
        for stratum in np.unique(strata):
            inside = np.flatnonzero(strata == stratum)
            self._groups += _exchangeable(inside, block_of[inside])

    @property
    def trivial_blocks(self) -> bool:
        """Every session is its own block."""
        return all(len(block) == 1 for group in self._groups for block in group)

    def draw(self, n_permutations: int) -> Iterator[Ints]:
        """Chunks of permutations, each row one."""
        for begin in range(0, n_permutations, CHUNK):
            size = min(CHUNK, n_permutations - begin)
            chunk = np.tile(np.arange(self.n), (size, 1))
            for group in self._groups:
                order = self._random.random((size, len(group))).argsort(axis=1)
                places, offsets, sources, sizes = _laid_out(group)
                taken = order[:, places.block]
                chunk[:, places.at] = sources[offsets[taken] + places.inside % sizes[taken]]
            yield chunk


class _Places(NamedTuple):
    """Every position of a group: where it stands, its block's number, its place inside."""

    at: Ints
    block: Ints
    inside: Ints


def _laid_out(group: Sequence[Ints]) -> tuple[_Places, Ints, Ints, Ints]:
    """The group's places, and where each block's labels begin, stand, and how many they are."""
    sizes = np.array([len(block) for block in group])
    at = np.concatenate(group)
    inside = np.concatenate([np.arange(n) for n in sizes])
    places = _Places(at, np.repeat(np.arange(len(group)), sizes), inside)
    return places, np.cumsum(sizes) - sizes, at, sizes


def _exchangeable(inside: Ints, block_of: Ints) -> list[Sequence[Ints]]:
    """Groups of blocks whose labels may change places."""
    by_size: dict[int, list[Ints]] = defaultdict(list)
    for block in dict.fromkeys(block_of.tolist()):
        members = inside[block_of == block]
        by_size[len(members)].append(members)
    pooled: list[Ints] = []
    groups: list[Sequence[Ints]] = []
    for size in sorted(by_size):
        if len(by_size[size]) >= MIN_PARTNERS:
            groups.append(by_size[size])
        else:
            pooled += by_size[size]
    return [*groups, pooled] if pooled else groups


def relabelled(labels: Floats, chunk: Ints, strata: Ints) -> Floats:
    """Drawn labels at unit length again: pooled blocks may repeat or leave out some."""
    drawn = labels[chunk]
    for stratum in np.unique(strata):
        inside = strata == stratum
        drawn[:, inside] -= drawn[:, inside].mean(axis=1, keepdims=True)
    norms = np.linalg.norm(drawn, axis=1, keepdims=True)
    return (drawn / np.where(norms > TOLERANCE, norms, np.inf)).astype(np.float32)


def spread(matrix: Floats, labels: Floats, strata: Ints) -> NDArray[np.float64]:
    """The standard deviation of each correlation when labels are exchanged within strata."""
    variance = np.full(matrix.shape[1], 1e-12)
    for stratum in np.unique(strata):
        inside = strata == stratum
        free = max(1, int(inside.sum()) - 1)
        variance += (matrix[inside] ** 2).sum(axis=0) * float((labels[inside] ** 2).sum()) / free
    return np.sqrt(variance)


def max_t(
    matrix: Floats, label_sets: Sequence[LabelSet], shuffle: Shuffle, n_permutations: int
) -> MaxT:
    """Single-step max-T over all columns; every label set sees the same permutations."""
    m = matrix.shape[1]
    r, scale = np.zeros(m), np.ones(m)
    for labels, columns in label_sets:
        r[columns] = labels @ matrix[:, columns]
        scale[columns] = spread(matrix[:, columns], labels, shuffle.strata)
    reached = np.zeros(m, np.int64)
    done = 0
    observed = np.abs(r)
    for chunk in shuffle.draw(n_permutations):
        drawn = [
            (s.columns, relabelled(s.labels, chunk, shuffle.strata) @ matrix[:, s.columns])
            for s in label_sets
        ]
        if not done and not shuffle.trivial_blocks:
            for columns, values in drawn:
                scale[columns] = np.maximum(scale[columns], np.sqrt((values**2).mean(axis=0)))
        largest = np.zeros(len(chunk))
        for columns, values in drawn:
            if len(columns):
                np.maximum(largest, (np.abs(values) / scale[columns]).max(axis=1), out=largest)
        largest.sort()
        reached += len(chunk) - np.searchsorted(largest, observed / scale - TOLERANCE)
        done += len(chunk)
    p = ((1.0 + reached) / (1.0 + done)).astype(np.float64)
    return MaxT(r, observed / scale, p)
