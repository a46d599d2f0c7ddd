"""The clusterer: what is alike is together, what is alone is noise, order does not matter."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from pipeline.clustering.clusterer import HypothesisClusterer


def three_groups(seed: int = 1, n: int = 12) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = np.eye(8)[:3]
    points = np.repeat(centres, n, axis=0) + 0.05 * random.normal(size=(3 * n, 8))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def test_three_groups_are_found_without_asking_for_three():
    labels = HypothesisClusterer().fit(three_groups()).labels_
    assert [len(set(labels[i : i + 12].tolist())) for i in (0, 12, 24)] == [1, 1, 1]
    assert set(labels.tolist()) == {0, 1, 2}


def test_a_lonely_point_is_noise():
    points = np.vstack([three_groups(), np.eye(8)[7:8]])
    assert HypothesisClusterer().fit(points).labels_[-1] == -1


def test_weight_counts_the_hypotheses_behind_a_point():
    points = np.eye(8)[:2]
    labels = HypothesisClusterer().fit(points, sample_weight=[9.0, 2.0]).labels_
    assert labels.tolist() == [0, -1]


def test_too_many_points_are_joined_first_and_still_found():
    labels = HypothesisClusterer(max_points=10).fit(three_groups()).labels_
    assert len(set(labels.tolist())) == 3


def test_nothing_is_nothing():
    assert HypothesisClusterer().fit(np.zeros((0, 8))).labels_.tolist() == []


def test_it_is_a_scikit_learn_estimator():
    copied: Any = clone(HypothesisClusterer(max_spread=1.5))
    assert copied.get_params()["max_spread"] == 1.5


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(36)))
def test_arrival_order_changes_nothing(order: list[int]):
    points = three_groups(seed=3)
    plain = HypothesisClusterer().fit(points).labels_
    shuffled = HypothesisClusterer().fit(points[order]).labels_
    assert np.array_equal(plain[order], shuffled)
