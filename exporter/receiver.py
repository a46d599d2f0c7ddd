"""Spans in, whatever the door: admit -> redact -> decode -> resolve -> commit -> ack -> nudge.

In: the bytes of an `ExportTraceServiceRequest`, its caller, and the room that it holds. Out:
`TraceReceiver`, a receipt. Next: `exporter.otlp_doors` answers; `exporter.notify` tells Temporal of
sessions that turned dirty.

The receipt is given only after the commit. A caller that hangs up does not stop its batch: once begun
it is committed and its nudges are sent.
"""

import asyncio
import time
from collections import Counter
from typing import NamedTuple

from exporter.admission import Hold
from exporter.allocator import give_back_memory
from exporter.doors import IngestStore
from exporter.grants import Caller
from exporter.metrics import Metrics
from exporter.notify import Notifier
from exporter.reading import Reading
from exporter.redact import Redactor
from exporter.settings import MIB, EdgeSettings
from pipeline.model.nudge import CommitResult

LARGE_BYTES = 4 * MIB
"""A request after which all free memory is given back."""


class Receipt(NamedTuple):
    """What became of a request: how many spans are durable, how many were rejected for which reason."""

    n_accepted: int
    rejected: Counter[str]


class TraceReceiver:
    """The one way in for spans."""

    def __init__(
        self,
        store: IngestStore,
        notifier: Notifier,
        settings: EdgeSettings,
        metrics: Metrics,
        redactor: Redactor,
    ) -> None:
        self._store = store
        self._notifier = notifier
        self._settings = settings
        self._metrics = metrics
        self._redactor = redactor
        # Each holds what it reads: two at a time keep both cores busy.
        self._reading = asyncio.Semaphore(2)
        self._begun: dict[asyncio.Task[Receipt], float] = {}

    def oldest(self) -> float:
        """Seconds since the oldest request in flight was begun; 0 when there is none."""
        return time.monotonic() - min(self._begun.values()) if self._begun else 0.0

    async def receive(self, body: bytes, caller: Caller, hold: Hold) -> Receipt:
        """Returns once everything acceptable is durable; releases the hold in any case."""
        task = asyncio.create_task(self._receive(body, caller, hold))
        self._begun[task] = time.monotonic()
        task.add_done_callback(self._begun.pop)
        try:
            return await asyncio.shield(task)
        finally:
            del task  # its error knows this frame: together they would keep the body for long

    async def drain(self) -> None:
        """Wait for what callers have begun and left, as long as a stop may last."""
        if self._begun:
            await asyncio.wait(self._begun, timeout=self._settings.drain.total_seconds())

    async def _receive(self, body: bytes, caller: Caller, hold: Hold) -> Receipt:
        try:
            return await self._read_and_commit(body, caller, hold)
        finally:
            if len(body) >= LARGE_BYTES:
                give_back_memory()

    async def _read_and_commit(self, body: bytes, caller: Caller, hold: Hold) -> Receipt:
        with hold:
            reading = Reading(body, caller, hold, self._settings, self._redactor)
            if reading.takes_long():
                async with self._reading:
                    await asyncio.to_thread(reading.look)
            with self._metrics.commit():
                result = await asyncio.wrap_future(self._store.submit_spans(reading))
            self._notifier.put(result.nudges)
            self._count(reading, result)
        return Receipt(reading.n_spans, reading.rejected)

    def _count(self, reading: Reading, result: CommitResult) -> None:
        metrics = self._metrics
        metrics.add("spans_accepted", reading.n_spans)
        metrics.add("spans_rejected", reading.rejected.total())
        metrics.add("spans_known", result.n_duplicate)
        metrics.add("spans_expired", result.n_expired)
        metrics.add("spans_with_two_contents", result.n_replaced)
        metrics.add("traces_with_two_sessions", result.n_conflicts)
        metrics.add("spans_late", result.n_late)
        metrics.add("sessions_reopened", result.n_reopened)
        metrics.redacted(reading.replaced)
