"""The gate: counts, looks, Benjamini-Hochberg, and what keeps it shut."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aggregation.gate import gate_project
from pipeline.aggregation.settings import AggregationSettings
from pipeline.model.cluster import Cluster, Condition, GateState, Rule
from pipeline.population.statistics import (
    benjamini_hochberg,
    design_effect,
    fisher,
    in_blocks,
    looks_factor,
    wilson,
)

P = st.floats(0.0, 1.0)


def a_cluster(name: str, p: float, *, k: int = 10, healthy: int = 50, n_blocks: int = 9) -> Cluster:
    condition = Condition(agent="a", step="agent:a", trait=name, threshold=0.5)
    return Cluster(
        id=name,
        project="p",
        agent="a",
        label=name,
        rule=Rule(conditions=(condition,)),
        noise=False,
        session_ids=(),
        failing=wilson(k, 20),
        healthy=wilson(min(3, healthy), healthy),
        n_blocks=n_blocks,
        p_value=p,
        q_value=1.0,
        gate=GateState.BELOW_GATE,
        reason="",
        content_digest="",
        revision=0,
        n_hypotheses=k,
    )


def test_fisher_is_one_sided_and_agrees_with_a_table_done_by_hand():
    assert fisher(wilson(3, 3), wilson(0, 3)) == pytest.approx(1 / 20)
    assert fisher(wilson(0, 3), wilson(3, 3)) == 1.0
    assert fisher(wilson(0, 0), wilson(3, 3)) == 1.0


def test_wilson_holds_the_share_and_stays_inside():
    rate = wilson(8, 10)
    assert (round(rate.low, 3), round(rate.high, 3)) == (0.49, 0.943)
    assert wilson(0, 5).low == 0.0
    assert wilson(5, 5).high == 1.0
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize(("n", "j"), [(0, 1), (5, 1), (20, 1), (39, 1), (40, 2), (300, 4)])
def test_each_doubling_of_the_sessions_is_one_more_look(n: int, j: int):
    assert looks_factor(n) == pytest.approx(math.pi**2 / 6 * j**2)


def test_the_error_over_all_looks_is_one():
    assert sum(1 / looks_factor(20 * 2**j) for j in range(200)) == pytest.approx(1.0, abs=0.01)


def test_sessions_of_one_user_count_less_and_single_sessions_count_in_full():
    random = np.random.default_rng(2)
    user = np.repeat(np.arange(10), 8)
    member, failing = (np.repeat(random.random(10) < 0.5, 8) for _ in range(2))
    assert design_effect(member, failing, np.arange(80)) == 1.0
    assert design_effect(member, failing, user) > 4.0
    assert in_blocks(0.001, 1.0) == 0.001
    assert in_blocks(0.001, 4.0) == pytest.approx(0.061, abs=0.001)


def test_q_values_of_a_known_example():
    assert benjamini_hochberg([0.04, 0.01, 0.03]) == pytest.approx((0.04, 0.03, 0.04))


def test_one_strong_cluster_opens_and_says_why_the_others_do_not():
    gated = gate_project([a_cluster("strong", 1e-6), a_cluster("weak", 0.3)])
    assert [c.gate for c in gated] == [GateState.OPEN, GateState.BELOW_GATE]
    assert "not enough of a difference" in gated[1].reason


@pytest.mark.parametrize(
    ("cluster", "state", "reason"),
    [
        (a_cluster("few", 1e-9, k=4), GateState.BELOW_GATE, "4 failing sessions, 5 are needed"),
        (a_cluster("one user", 1e-9, n_blocks=2), GateState.BELOW_GATE, "from 2 blocks"),
        (a_cluster("no healthy", 1e-9, healthy=7), GateState.UNCONFIRMED, "3 more healthy"),
    ],
)
def test_what_keeps_the_gate_shut(cluster: Cluster, state: GateState, reason: str):
    (gated,) = gate_project([cluster])
    assert gated.gate is state
    assert reason in gated.reason


def test_noise_is_never_tested_and_costs_the_others_nothing():
    noise = a_cluster("noise", 0.0).model_copy(update={"noise": True, "rule": None})
    gated = gate_project([noise, a_cluster("strong", 0.04)])
    assert gated[0].gate is GateState.BELOW_GATE
    assert gated[1].q_value == pytest.approx(0.04)


@given(st.lists(P, min_size=1, max_size=12), st.data())
def test_a_smaller_p_closes_nothing(ps: list[float], data: st.DataObject):
    at = data.draw(st.integers(0, len(ps) - 1))
    smaller = ps.copy()
    smaller[at] = data.draw(st.floats(0.0, ps[at]))
    assert _open(ps) <= _open(smaller)


@given(st.lists(P, min_size=1, max_size=12), st.randoms())
def test_the_order_of_the_clusters_does_not_matter(ps: list[float], random):  # pyright: ignore
    named = [a_cluster(f"c{i}", p) for i, p in enumerate(ps)]
    shuffled = named.copy()
    random.shuffle(shuffled)
    assert {c.id: c for c in gate_project(named)} == {c.id: c for c in gate_project(shuffled)}


@given(st.integers(5, 40), st.integers(0, 40), st.integers(10, 40))
def test_one_more_failing_member_never_raises_p(k: int, h: int, n_healthy: int):
    h = min(h, n_healthy)
    more, less = (
        fisher(wilson(k, 41), wilson(h, n_healthy)),
        fisher(wilson(k - 1, 41), wilson(h, n_healthy)),
    )
    assert more <= less + 1e-12


@given(st.lists(P, min_size=1, max_size=12))
def test_a_stricter_bound_opens_a_subset(ps: list[float]):
    strict = AggregationSettings(max_q=0.01)
    assert _open(ps, strict) <= _open(ps)


def _open(ps: list[float], settings: AggregationSettings | None = None) -> set[str]:
    gated = gate_project([a_cluster(f"c{i}", p) for i, p in enumerate(ps)], settings)
    return {c.id for c in gated if c.gate is GateState.OPEN}
