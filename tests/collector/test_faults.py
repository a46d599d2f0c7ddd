"""Acknowledged by the Collector is stored once, whatever is killed, paused, full or read-only.

In: a seeded run of faults. Out: no difference between what was acknowledged and what is stored.
`python -m bench faults` is the long run.
"""

from pathlib import Path

import pytest

from tests.collector import faults
from tests.collector.faults import FAULTS, Fault, plan
from tests.collector.load import Load

pytestmark = pytest.mark.timeout(600)

SCALE = 0.12


def test_a_plan_has_every_kind_and_follows_its_seed() -> None:
    assert {fault.name for fault in plan(len(FAULTS), seed=1)} == set(FAULTS)
    assert plan(20, seed=1) == plan(20, seed=1) != plan(20, seed=2)
    assert len(plan(20, seed=1)) == 20
    assert max(fault.seconds for fault in plan(20, seed=1)) == 60


def test_the_load_is_what_its_ledger_says() -> None:
    load = Load(500, seed=1)
    keys = [key for _, keys in load.requests() for key in keys]
    assert len(keys) == len(set(keys)) == 500
    assert set(keys) == set(load.homes)


@pytest.mark.slow
def test_random_faults_lose_nothing(collector_there: None, tmp_path: Path) -> None:
    suffer(tmp_path, 20_000, plan(6, seed=20, scale=SCALE))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_loses_nothing(collector_there: None, tmp_path: Path, name: str) -> None:
    suffer(tmp_path, 2_000, [Fault(name, 3.0)])


def suffer(folder: Path, n_spans: int, planned: list[Fault]) -> None:
    """A run, and its outcome."""
    load = Load(n_spans, seed=3)
    outcome = faults.run(folder, load, planned, lambda what, n: print(f"{n:>8} {what}"))
    assert list(outcome.differences) == [], outcome
    assert outcome.n_acked == n_spans
