"""The laws of waiting: monotone in every direction, bounded by window and cap."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.aggregation import pace
from pipeline.model.answers import AgentClock
from pipeline.session.debounce import time_to_wait

durations = st.integers(0, 10_000).map(lambda seconds: timedelta(seconds=seconds))
ZERO = timedelta(0)


@given(durations, durations, durations, durations)
def test_never_longer_than_window_and_cap(
    silent: timedelta, opened: timedelta, window: timedelta, cap: timedelta
) -> None:
    rest = time_to_wait(silent, opened, window, cap)
    assert ZERO <= rest <= min(window, cap)
    # After the rest it is due: nothing waits for ever.
    assert time_to_wait(silent + rest, opened + rest, window, cap) == ZERO


@given(durations, durations, durations, durations, durations)
def test_more_silence_never_waits_longer(
    silent: timedelta, opened: timedelta, window: timedelta, cap: timedelta, more: timedelta
) -> None:
    rest = time_to_wait(silent, opened, window, cap)
    assert time_to_wait(silent + more, opened, window, cap) <= rest
    assert time_to_wait(silent, opened + more, window, cap) <= rest
    assert time_to_wait(silent, opened, window + more, cap) >= rest


def test_cap_ends_a_session_that_never_falls_silent() -> None:
    window, cap = timedelta(minutes=5), timedelta(hours=2)
    assert time_to_wait(ZERO, cap, window, cap) == ZERO
    assert time_to_wait(ZERO, cap - timedelta(seconds=1), window, cap) == timedelta(seconds=1)
    assert time_to_wait(timedelta(minutes=1), ZERO, window, cap) == timedelta(minutes=4)


def clock(quiet_for: float, n_sessions: int = 100, n_at_last: int = 100) -> AgentClock:
    return AgentClock(
        epoch=2,
        aggregated_epoch=1,
        quiet_for=timedelta(seconds=quiet_for),
        n_sessions=n_sessions,
        n_sessions_at_last=n_at_last,
    )


def test_quiet_agent_is_due_at_once() -> None:
    quiet = timedelta(seconds=30)
    assert pace.time_to_wait(clock(30), quiet, waited=False) == ZERO
    assert pace.time_to_wait(clock(10), quiet, waited=False) == timedelta(seconds=20)


def test_growth_counts_only_after_one_window() -> None:
    quiet = timedelta(seconds=30)
    grown = clock(1, n_sessions=110)
    assert pace.time_to_wait(grown, quiet, waited=False) == timedelta(seconds=29)
    assert pace.time_to_wait(grown, quiet, waited=True) == ZERO
    assert pace.time_to_wait(clock(1, n_sessions=109), quiet, waited=True) > ZERO
    assert pace.time_to_wait(clock(1, n_sessions=1, n_at_last=0), quiet, waited=True) == ZERO
