"""Acknowledged by the Collector is stored once, whatever is killed, paused, full or read-only.

In: a seeded run of faults. Out: no difference between what was acknowledged and what is stored.
`python -m bench faults` is the long run.
"""

from pathlib import Path

import pytest

from tests.collector import faults
from tests.collector.databases import KINDS
from tests.collector.faults import FAULTS, plan
from tests.collector.load import Load

pytestmark = pytest.mark.timeout(1800)

SCALE = 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_has_every_fault_and_follows_its_seed(kind: str) -> None:
    known = FAULTS[kind]
    assert {fault.name for fault in plan(len(known), seed=1, kind=kind)} == set(known)
    assert plan(20, seed=1) == plan(20, seed=1) != plan(20, seed=2)
    assert len(plan(20, seed=1)) == 20
    assert max(fault.seconds for fault in plan(20, seed=1)) == 60


def test_the_load_is_what_its_ledger_says() -> None:
    load = Load(500, seed=1)
    keys = [key for _, keys in load.requests() for key in keys]
    assert len(keys) == len(set(keys)) == 500
    assert set(keys) == set(load.homes)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_once_loses_nothing(collector_there: None, tmp_path: Path, kind: str) -> None:
    load, planned = Load(20_000, seed=3), plan(len(FAULTS[kind]), seed=20, scale=SCALE, kind=kind)
    outcome = faults.run(tmp_path, load, planned, lambda what, n: print(f"{n:>8} {what}"), kind)
    assert list(outcome.differences) == [], outcome
    assert outcome.n_acked == load.n_spans
