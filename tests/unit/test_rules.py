"""Cuts and blocks: chosen without sight of the verdict."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.population.blocks import blocks
from pipeline.population.rules import cuts, jaccard
from tests.scenarios.rows import row

VALUES = st.lists(st.floats(0, 100), min_size=1, max_size=60).map(np.array)


def test_a_trait_that_mostly_does_not_show_is_cut_at_showing():
    values = np.array([0.0] * 30 + [1.0] * 10)
    assert cuts(values, 5, 0.8, 0.9) == (("any", 1.0),)


def test_two_groups_are_cut_between_them():
    values = np.array([0.1, 0.15, 0.2] * 10 + [0.7, 0.8] * 5)
    (cut,) = cuts(values, 5, 0.8, 0.9)
    assert (cut.kind, cut.threshold) == ("split", 0.7)


def test_what_nearly_every_session_shows_is_usual():
    assert cuts(np.array([0.0] * 2 + [1.0] * 38), 5, 0.8, 0.9) == ()


@given(VALUES)
def test_every_cut_chooses_between_the_bounds_and_no_two_the_same(values: np.ndarray):
    chosen = [values >= c.threshold for c in cuts(values, 3, 0.8, 0.9)]
    assert all(3 <= m.sum() <= 0.8 * len(values) for m in chosen)
    assert all(jaccard(a, b) <= 0.9 for i, a in enumerate(chosen) for b in chosen[:i])


@given(VALUES, st.randoms())
def test_the_order_of_the_sessions_does_not_matter(values: np.ndarray, random):  # pyright: ignore
    shuffled = values.tolist()
    random.shuffle(shuffled)
    assert cuts(values, 3, 0.8, 0.9) == cuts(np.array(shuffled), 3, 0.8, 0.9)


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (["a", "b", "a", "c", "d", "e"], [0, 1, 0, 2, 3, 4]),
        ([None] * 3, [0, 1, 2]),
        (["robot"] * 5 + ["b"], [0, 1, 2, 3, 4, 5]),
    ],
)
def test_sessions_of_one_user_are_one_block_but_not_those_of_a_service_account(
    users: list[str | None], expected: list[int]
):
    rows = [row(i, failing=False, traits={}, user=user) for i, user in enumerate(users)]
    assert blocks(rows).tolist() == expected


def test_blocks_join_over_users_and_first_messages():
    rows = [row(i, failing=False, traits={}, user=f"u{i // 2}") for i in range(9)]
    said = ["x", "1", "x", "2", "3", "4", "5", "6", "7"]
    joined = [
        r.model_copy(
            update={"interrogate": r.interrogate.model_copy(update={"first_user_message": m})}
        )
        for r, m in zip(rows, said, strict=True)
    ]
    assert blocks(joined).tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3]
