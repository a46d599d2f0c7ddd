"""Vectors to clusters: Ward's linkage cut at a fixed spread, what fits nowhere is noise.

In: (n, d) unit vectors, how many hypotheses stand behind each. Out: `labels_`, noise is -1. Next:
aggregation gives each cluster a membership rule.

The number of clusters is not asked for. Ward joins what spreads least; then a point that is not like
the others of its cluster is noise, and so is a cluster that is too light. Points are sorted by their
content first, so that arrival order changes nothing. Above `max_points` distinct vectors the closest
ones are joined first, which bounds memory.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import AgglomerativeClustering

from pipeline.clustering import NOISE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class HypothesisClusterer(ClusterMixin, BaseEstimator):
    """A scikit-learn estimator. `bench.clustering` has the figures behind the defaults."""

    labels_: Ints

    def __init__(
        self,
        max_spread: float = 2.1,
        min_similarity: float = 0.4,
        min_cluster_size: int = 5,
        max_points: int = 4000,
        join_similarity: float = 0.9,
    ) -> None:
        self.max_spread = max_spread
        self.min_similarity = min_similarity
        self.min_cluster_size = min_cluster_size
        self.max_points = max_points
        self.join_similarity = join_similarity

    def fit(
        self,
        X: ArrayLike,  # noqa: N803
        y: Any = None,
        sample_weight: Sequence[float] | None = None,
    ) -> Self:
        """Cluster the rows of `X`; `sample_weight` counts the hypotheses behind a row."""
        points = np.round(np.asarray(X, np.float64), 6)
        if not len(points):
            self.labels_ = np.zeros(0, np.int64)
            return self
        weights = np.ones(len(points)) if sample_weight is None else np.asarray(sample_weight)
        distinct, inverse = np.unique(points, axis=0, return_inverse=True)
        inverse = inverse.reshape(-1)
        mass = np.bincount(inverse, weights, len(distinct)).astype(np.float64)
        labels = self._joined_up(distinct, mass)
        labels[_likeness(distinct, mass, labels) < self.min_similarity] = NOISE
        self.labels_ = _numbered(labels, mass, self.min_cluster_size)[inverse]
        return self

    def _joined_up(self, points: Floats, mass: Floats) -> Ints:
        leader_of, leaders = self._leaders(points, mass)
        if len(leaders) == 1:
            return np.zeros(len(points), np.int64)
        weight = np.bincount(leader_of, mass, len(leaders)).astype(np.float64)
        copies = self._copies(weight)
        unknown: Any = None
        model = AgglomerativeClustering(
            n_clusters=unknown, distance_threshold=self.max_spread, linkage="ward"
        )
        found = np.asarray(model.fit_predict(np.repeat(leaders, copies, axis=0)), np.int64)
        return found[np.cumsum(copies) - copies][leader_of]

    def _copies(self, mass: Floats) -> Ints:
        """Ward knows no weights: a heavy point stands there several times, if there is room."""
        copies = np.clip(mass, 1, self.min_cluster_size).astype(np.int64)
        return copies if copies.sum() <= 2 * self.max_points else np.ones_like(copies)

    def _leaders(self, points: Floats, mass: Floats) -> tuple[Ints, Floats]:
        """Each point's leader and the leaders, when there are too many points; else themselves."""
        if len(points) <= self.max_points:
            return np.arange(len(points)), points
        leaders = np.zeros((self.max_points, points.shape[1]))
        leader_of = np.zeros(len(points), np.int64)
        n = 0
        for i in np.lexsort((np.arange(len(points)), -mass)):
            similarity = leaders[:n] @ points[i]
            best = int(similarity.argmax()) if n else 0
            if n == self.max_points or (n and similarity[best] >= self.join_similarity):
                leader_of[i] = best
            else:
                leaders[n], leader_of[i] = points[i], n
                n += 1
        return leader_of, leaders[:n]


def _likeness(points: Floats, mass: Floats, labels: Ints) -> Floats:
    """The cosine of each point to the sum of the others of its cluster; 0 when it is alone."""
    sums = np.zeros((int(labels.max()) + 1, points.shape[1]))
    np.add.at(sums, labels, points * mass[:, None])
    others = sums[labels] - points
    lengths = np.linalg.norm(others, axis=1)
    return (others * points).sum(axis=1) / np.where(lengths > 1e-9, lengths, np.inf)


def _numbered(labels: Ints, mass: Floats, min_size: float) -> Ints:
    """Heaviest cluster 0, ties by the first point in content order; light ones are noise."""
    kept = labels != NOISE
    size = int(labels.max()) + 1 if kept.any() else 0
    weight = np.bincount(labels[kept], mass[kept], size)
    first = np.full(size, len(labels))
    np.minimum.at(first, labels[kept], np.flatnonzero(kept))
    order = [c for c in np.lexsort((first, -weight)) if weight[c] >= min_size]
    names = np.full(size + 1, NOISE, np.int64)
    names[order] = np.arange(len(order))
    return names[labels]
