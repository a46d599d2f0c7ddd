"""Applications that were written without knowledge of the detectors: who is blamed, who is not.

All 29 run with `python -m tests.scenarios.held_out.run`; here those that run quickly.
"""

import pytest

from tests.scenarios.held_out.catalogue import FAULTLESS, FAULTY
from tests.scenarios.held_out.engine import diagnose
from tests.scenarios.held_out.judge import judge

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

QUICK = ("incidents", "obligations", "tables", "bookshop", "translations", "kitchen", "chatter")


@pytest.mark.parametrize("name", QUICK)
def test_the_guilty_are_blamed_and_nobody_else(name: str) -> None:
    app = {**FAULTY, **FAULTLESS}[name](0)
    judgement = judge(app.truth, diagnose(app).findings)
    assert judgement.good, judgement
