"""The periodic removal of what is too old or too much.

In: the limits that a user set. Out: `RetentionTask`, which counts what was removed. Next: `Store.retain`,
in a thread, a few small transactions at a time.

Every receiver runs one; the store lets one of them at a time do the work.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Protocol

from exporter.metrics import Metrics
from exporter.settings import EdgeSettings
from exporter.tasks import end_all
from pipeline.model.removal import Removed

log = logging.getLogger(__name__)


class RetainingStore(Protocol):
    """Where old sessions are removed."""

    def retain(self, *, age: timedelta | None, max_bytes: int | None) -> Removed | None:
        """Remove what is too old or too much; None while another process does it."""
        ...


class RetentionTask:
    """Start it, stop it; it harms nothing if it fails, the next turn tries again."""

    def __init__(self, store: RetainingStore, settings: EdgeSettings, metrics: Metrics) -> None:
        self._store = store
        self._settings = settings
        self._metrics = metrics
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin on the running loop; without limits it still clears away what a deletion leaves."""
        self._tasks = [asyncio.create_task(self._retain_forever())]

    async def stop(self) -> None:
        """A batch that is under way ends by itself."""
        await end_all(self._tasks)

    async def _retain_forever(self) -> None:
        while True:
            try:
                await self._retain()
            except Exception as error:  # whatever it is, the next turn may succeed
                log.warning("retention failed: %s", type(error).__name__)
            await asyncio.sleep(self._settings.retain_every.total_seconds())

    async def _retain(self) -> None:
        settings = self._settings
        removed = await asyncio.to_thread(
            self._store.retain, age=settings.retention_age, max_bytes=settings.retention_bytes
        )
        if removed is None or not removed.n_sessions:
            return
        self._metrics.add("sessions_removed", removed.n_sessions)
        self._metrics.add("spans_removed", removed.n_spans)
        log.info("retention removed %d sessions, %d spans", removed.n_sessions, removed.n_spans)
