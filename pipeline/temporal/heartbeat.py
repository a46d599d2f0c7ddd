"""Keeps a long, blocking activity alive while a pure function computes.

In: the context of a running activity. Out: heartbeats from a thread. Next: aggregation and
investigation wrap their computations in `computing()`.
"""

import contextvars
import threading
from collections.abc import Generator
from contextlib import contextmanager

from temporalio import activity

from pipeline.temporal.timing import HEARTBEAT_INTERVAL

_ONE_AT_A_TIME = threading.Lock()
"""The rows of 20,000 sessions take about 2 GB: a worker holds one agent's at a time, not one a
thread. Sessions do not wait for it."""


@contextmanager
def computing() -> Generator[None]:
    """Heartbeat while waiting for the turn and while computing on all sessions of an agent."""
    with heartbeating(), _ONE_AT_A_TIME:
        yield


@contextmanager
def heartbeating() -> Generator[None]:
    """Heartbeat every few seconds until the block ends; nothing outside of an activity."""
    if not activity.in_activity():
        yield
        return
    done = threading.Event()
    context = contextvars.copy_context()

    def beat() -> None:
        while not done.wait(HEARTBEAT_INTERVAL.total_seconds()):
            activity.heartbeat()

    thread = threading.Thread(target=context.run, args=(beat,), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
