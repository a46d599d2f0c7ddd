"""Agents beyond the limit are chosen by what is stored, whatever came first, and counted."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.testing import ActivityEnvironment

from pipeline.aggregation import activities as module
from pipeline.aggregation.activities import AggregationActivities
from pipeline.aggregation.contracts import AgentInput, FinishAggregationInput
from pipeline.aggregation.settings import AggregationSettings
from pipeline.aggregation.vectors import CachedEmbedder
from pipeline.store import Store
from tests.store.storekit import cluster, finish, new_store, record, row, send

pytestmark = pytest.mark.usefixtures("database")

LIMIT = 2
SESSIONS = [
    ("s1", "a"),
    ("s2", "a"),
    ("s3", "a"),
    ("s4", "c"),
    ("s5", "c"),
    ("s6", "b"),
    ("s7", "b"),
    ("s8", "d"),
]


@pytest.fixture(autouse=True)
def one_cluster_an_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(agent: str, *_: Any) -> list[Any]:
        return [cluster(f"cluster-of-{agent}", agent=agent)]

    monkeypatch.setattr(module, "aggregate", found)


def receive(store: Store, sessions: Sequence[tuple[str, str]]) -> None:
    for session, agent in sessions:
        span = int(session[1:])
        send(store, record(span, trace=f"{span:032x}", session=session))
        finish(store, row(session, agent))


def settle(store: Store, limit: int = LIMIT) -> None:
    """What the workflows do: aggregate agents until none is dirty."""
    embedder = cast(CachedEmbedder, None)
    settings = AggregationSettings()
    work = AggregationActivities(store, embedder, settings, max_sessions=100, max_agents=limit)
    run = ActivityEnvironment().run
    for _ in range(20):
        dirty = [
            n for n in "abcde" if (c := store.agent_clock("p", n)) and c.epoch > c.aggregated_epoch
        ]
        if not dirty:
            return
        for name in dirty:
            result = run(work.aggregate_agent, AgentInput(project="p", agent=name))
            done = FinishAggregationInput(project="p", agent=name, epoch=result.epoch)
            run(work.finish_aggregation, done)
    raise AssertionError("it never comes to rest")


def seen(store: Store) -> tuple[list[str], int]:
    found = [c.agent for c in store.list_clusters("p")[0]]
    return sorted(found), store.coverage("p").other_agents


def test_those_with_the_most_sessions_stay_and_the_rest_are_counted(tmp_path: Path):
    with new_store(tmp_path) as store:
        receive(store, SESSIONS)
        settle(store)
        assert seen(store) == (["a", "b"], 2)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_arrival_does_not_matter(tmp_path: Path, seed: int):
    order = list(SESSIONS)
    random.Random(seed).shuffle(order)
    with new_store(tmp_path) as store:
        for index in range(0, len(order), 3):
            receive(store, order[index : index + 3])
            settle(store)
        assert seen(store) == (["a", "b"], 2)


def test_an_agent_that_grows_comes_in_and_another_falls_out(tmp_path: Path):
    with new_store(tmp_path) as store:
        receive(store, SESSIONS)
        settle(store)
        receive(store, [("s9", "d"), ("s10", "d")])
        settle(store)
        assert seen(store) == (["a", "d"], 2)


def test_below_the_limit_nobody_is_other(tmp_path: Path):
    with new_store(tmp_path) as store:
        receive(store, SESSIONS)
        settle(store, limit=200)
        assert seen(store) == (["a", "b", "c", "d"], 0)
