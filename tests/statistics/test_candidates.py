"""What a candidate of an explaining agent is worth: counted over all sessions, or over what can be read."""

import numpy as np
import pytest

from pipeline.investigation.explanation.candidates import measure_feature, measure_words, words_of
from pipeline.investigation.explanation.contracts import Candidate
from tests.scenarios.rows import row
from tests.unit.test_explanation import STEPS

LOSS = ("first", "handoff.numbers")
NOISE = ("first", "run.latency")


def test_a_feature_is_measured_over_all_sessions() -> None:
    luck = np.random.default_rng(0)
    rows = [
        row(i, failing=i < 30, traits={LOSS: float(i < 28), NOISE: float(luck.random())})
        for i in range(80)
    ]
    found = measure_feature(Candidate(agent="first", feature="handoff.numbers"), "second", rows, 40)
    assert found is not None
    assert (found.failing.k, found.failing.n, found.healthy.k, found.healthy.n) == (28, 30, 0, 50)
    assert found.p_value < 1e-10
    noise = measure_feature(Candidate(agent="first", feature="run.latency"), "second", rows, 40)
    assert noise is not None
    assert noise.p_value > 0.01
    assert measure_feature(Candidate(agent="first", feature="x"), "second", rows, 40) is None
    assert measure_feature(Candidate(agent="x", feature="run.latency"), "second", rows, 40) is None


@pytest.mark.parametrize(
    ("feature", "counts"),
    [("in: CRASH", (1, 0)), ("out: then a", (1, 1)), ("in: flood", (0, 0))],
)
def test_words_are_measured_over_what_can_be_read(feature: str, counts: tuple[int, int]) -> None:
    found = measure_words(Candidate(agent="summarizer", feature=feature), STEPS, 40)
    assert found is not None
    assert (found.failing.k, found.healthy.k) == counts
    assert (found.failing.n, found.healthy.n) == (1, 1)
    assert found.p_value == 1.0, "two sessions show nothing"


def test_what_cannot_be_measured_is_none() -> None:
    assert measure_words(Candidate(agent="nobody", feature="in: crash"), STEPS, 40) is None
    for feature in ("handoff.order", "in:", "in: x", "over: words", "term:added:x"):
        assert words_of(Candidate(agent="summarizer", feature=feature)) is None
