"""Whom a model is asked about: nobody that the statistics explain, and few of the others."""

import pytest

from pipeline.aggregation.settings import AggregationSettings
from pipeline.aggregation.worth_asking import worth_asking
from pipeline.model.cluster import GateState
from pipeline.model.session import SessionRow
from pipeline.population.features import Population
from tests.scenarios.rows import row
from tests.statistics.test_gate import a_cluster

LIMITS = AggregationSettings()


def rows(n_failing: int, n_healthy: int, *, a_user: int = 1) -> list[SessionRow]:
    return [
        row(i, failing=i < n_failing, traits={}, agents=("clerk",), user=f"u{i // a_user}")
        for i in range(n_failing + n_healthy)
    ]


def asked(every: list[SessionRow], *explained: str, gate: GateState = GateState.OPEN) -> list[str]:
    holding = a_cluster("c", 1e-6).model_copy(update={"gate": gate, "session_ids": explained})
    return list(worth_asking(Population("clerk", every), [holding], LIMITS))


def test_a_fourth_of_the_failing_sessions_in_an_order_that_arrival_does_not_change():
    every = rows(20, 20)
    assert len(asked(every)) == 5
    assert asked(every) == asked(every[::-1])
    assert set(asked(every)) <= {r.session_id for r in every[:20]}


def test_what_an_open_cluster_holds_needs_no_question():
    every = rows(20, 20)
    explained = [r.session_id for r in every[:12]]
    assert set(asked(every, *explained)) <= {r.session_id for r in every[12:20]}
    assert len(asked(every, *explained)) == 2
    assert asked(every, *explained, gate=GateState.BELOW_GATE) == asked(every)


@pytest.mark.parametrize(("n_failing", "n_healthy"), [(4, 20), (20, 9), (0, 20)])
def test_nobody_is_asked_where_no_answer_could_count(n_failing: int, n_healthy: int):
    assert asked(rows(n_failing, n_healthy)) == []


def test_of_each_user_one_session_before_a_second():
    every = rows(20, 20, a_user=4)
    user_of = {r.session_id: r.interrogate.user for r in every}
    assert len({user_of[s] for s in asked(every)}) == 5
