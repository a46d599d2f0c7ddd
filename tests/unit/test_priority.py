"""Whose turn it is: cheap work first, each project in its turn."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.temporal.priority import MAX_FAIRNESS_KEY, Turn, fairness_key, model_priority


def test_explanations_go_before_trials() -> None:
    keys = [model_priority("p", turn).priority_key for turn in (Turn.EXPLAIN, Turn.TRY)]
    assert keys == [4, 5]


@given(st.text(min_size=1, max_size=200))
def test_a_fairness_key_fits(project: str) -> None:
    assert 0 < len(fairness_key(project).encode()) <= MAX_FAIRNESS_KEY


def test_long_names_with_one_beginning_have_a_turn_each() -> None:
    assert fairness_key("Ü" * 60 + "a") != fairness_key("Ü" * 60 + "b")
    assert fairness_key("insurance") == "insurance"
