"""The promise on false alarms, on 200 projects without a fault."""

import pytest

from bench.noise import Alarms, alarms, made_up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_random_labels_open_hardly_anything_and_name_next_to_nothing() -> None:
    by_session = alarms(made_up(range(0, 200, 2)))
    by_user = alarms(made_up(range(1, 200, 2)))
    both = Alarms(*(a + b for a, b in zip(by_session, by_user, strict=True)))
    assert both.n == 200
    assert both.opened <= 0.05 * both.n
    assert both.named <= 0.02 * both.n
