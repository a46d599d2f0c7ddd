"""Keeps a long, blocking activity alive while a pure function computes.

In: the context of a running activity. Out: heartbeats from a thread. Next: aggregation and
investigation wrap their computations in `heartbeating()`.
"""

import contextvars
import threading
from collections.abc import Generator
from contextlib import contextmanager

from temporalio import activity

from pipeline.temporal.timing import HEARTBEAT_INTERVAL


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
