"""Vectors to clusters: average linkage on cosine distance, cut at a fixed distance.

In: (n, d) unit vectors, how many hypotheses stand behind each. Out: `labels_`, noise is -1. Next:
aggregation gives each cluster a membership rule.

The number of clusters is not asked for: statements closer than `max_distance` on average say the
same. Points are sorted by their content first, so that arrival order changes nothing. Above
`max_points` distinct vectors the closest ones are joined first, which bounds memory.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import AgglomerativeClustering

NOISE = -1
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class HypothesisClusterer(ClusterMixin, BaseEstimator):
    """A scikit-learn estimator; clusters lighter than `min_cluster_size` are noise."""

    labels_: Ints

    def __init__(
        self,
        max_distance: float = 0.45,
        min_cluster_size: int = 5,
        max_points: int = 3000,
        join_similarity: float = 0.9,
    ) -> None:
        self.max_distance = max_distance
        self.min_cluster_size = min_cluster_size
        self.max_points = max_points
        self.join_similarity = join_similarity

    def fit(
        self,
        X: ArrayLike,
        y: Any = None,
        sample_weight: Sequence[float] | None = None,  # noqa: N803
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
        labels = self._cluster(distinct, mass)
        self.labels_ = _numbered(labels, mass, self.min_cluster_size)[inverse]
        return self

    def _cluster(self, points: Floats, mass: Floats) -> Ints:
        leader_of, leaders = self._joined(points, mass)
        if len(leaders) == 1:
            return np.zeros(len(points), np.int64)
        unknown: Any = None
        model = AgglomerativeClustering(
            n_clusters=unknown,
            distance_threshold=self.max_distance,
            metric="cosine",
            linkage="average",
        )
        return np.asarray(model.fit_predict(leaders), np.int64)[leader_of]

    def _joined(self, points: Floats, mass: Floats) -> tuple[Ints, Floats]:
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


def _numbered(labels: Ints, mass: Floats, min_size: float) -> Ints:
    """Heaviest cluster 0, ties by the first point in content order; light ones are noise."""
    weight = np.bincount(labels, weights=mass)
    first = np.full(len(weight), len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    order = [c for c in np.lexsort((first, -weight)) if weight[c] >= min_size]
    names = np.full(len(weight), NOISE, np.int64)
    names[order] = np.arange(len(order))
    return names[labels]
