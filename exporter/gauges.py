"""What is measured by looking, not by counting: what is in flight, waiting, and in which state.

In: the parts of the edge. Out: `gauges`, `SessionStates`. Next: `exporter.metrics` asks at every look.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from exporter.admission import Admission
from exporter.health import HealthBoard
from exporter.metrics import Metrics
from exporter.notify import Notifier
from exporter.receiver import TraceReceiver
from exporter.tasks import end_all

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(minutes=1)


class StateSource(Protocol):
    """A store that counts its sessions."""

    def session_states(self) -> Mapping[str, int]:
        """State -> sessions, over all projects."""
        ...


class SessionStates:
    """The store is asked once a minute, not at every look."""

    def __init__(self, store: StateSource) -> None:
        self._store = store
        self._states: Mapping[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def read(self) -> Mapping[str, int]:
        """The last answer."""
        return self._states

    def start(self) -> None:
        """Ask on the running loop."""
        self._tasks = [asyncio.create_task(self._forever())]

    async def stop(self) -> None:
        """Ask no more."""
        await end_all(self._tasks)

    async def _forever(self) -> None:
        while True:
            try:
                self._states = await asyncio.to_thread(self._store.session_states)
            except Exception as error:  # the health of the store is told elsewhere
                log.debug("sessions are not counted: %s", type(error).__name__)
            await asyncio.sleep(LOOK_EVERY.total_seconds())


def gauges(
    metrics: Metrics,
    receiver: TraceReceiver,
    admission: Admission,
    notifier: Notifier,
    board: HealthBoard,
) -> None:
    """Register all that can be looked at without asking anybody."""
    metrics.gauge("in_flight_requests", "Requests held.", lambda: admission.n_requests)
    metrics.gauge("in_flight_bytes", "Bytes of requests held.", lambda: admission.n_bytes)
    metrics.gauge("in_flight_spans", "Spans of requests held.", lambda: admission.n_spans)
    metrics.gauge("queue_age_seconds", "Age of the oldest request in flight.", receiver.oldest)
    metrics.gauge("nudges_waiting", "Nudges to send.", notifier.n_waiting)
    metrics.gauge(
        "component_up",
        "1 where a component serves.",
        lambda: {name: float(up) for name, up in board.components().items()},
        by="component",
    )
