"""The encoder: pinned weights, unit vectors, one text at a time."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.clustering.embedding import DIMENSIONS, WeightsChanged, checked_weights
from tests.scenarios.pure_path import shared_embedder

TEXTS = (
    "the agent drops numbers of its input",
    "the agent leaves out figures that it was given",
    "a cat sleeps on the warm stove",
)


def test_alike_is_nearer_than_different():
    vectors = shared_embedder().embed(TEXTS)
    assert vectors.shape == (3, DIMENSIONS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


def test_neighbours_in_a_call_change_no_vector():
    embedder = shared_embedder()
    together = embedder.embed(TEXTS)
    alone = np.vstack([embedder.embed([text]) for text in reversed(TEXTS)])[::-1]
    assert np.array_equal(together, alone)


def test_long_texts_are_cut_and_empty_calls_are_fine():
    assert shared_embedder().embed(["word " * 3000]).shape == (1, DIMENSIONS)
    assert shared_embedder().embed([]).shape == (0, DIMENSIONS)


def test_other_weights_are_refused(tmp_path: Path):
    other = tmp_path / "model.onnx"
    other.write_bytes(b"not the pinned model")
    with pytest.raises(WeightsChanged, match="pinned"):
        checked_weights(other)
