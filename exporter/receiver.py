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
from exporter.decode import Decoded, decode
from exporter.doors import IngestStore
from exporter.grants import Caller
from exporter.metrics import Metrics
from exporter.notify import Notifier
from exporter.redact import Redactor
from exporter.settings import MIB, EdgeSettings
from exporter.span_checks import FOREIGN_PROJECT, Checks
from pipeline.errors import PermissionDenied

QUICK_BYTES = 2 * MIB
"""What is decoded in some two milliseconds: to hand it to a thread would cost a tenth of that again."""


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
        self._begun: dict[asyncio.Task[Receipt], float] = {}

    def oldest(self) -> float:
        """Seconds since the oldest request in flight was begun; 0 when there is none."""
        return time.monotonic() - min(self._begun.values()) if self._begun else 0.0

    async def receive(self, body: bytes, caller: Caller, hold: Hold) -> Receipt:
        """Returns once everything acceptable is durable; releases the hold in any case."""
        task = asyncio.create_task(self._receive(body, caller, hold))
        self._begun[task] = time.monotonic()
        task.add_done_callback(self._begun.pop)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait for what callers have begun and left, as long as a stop may last."""
        if self._begun:
            await asyncio.wait(self._begun, timeout=self._settings.drain.total_seconds())

    async def _receive(self, body: bytes, caller: Caller, hold: Hold) -> Receipt:
        with hold:
            decoded = await self._decode(body, caller, hold)
            if not decoded.chunks and FOREIGN_PROJECT in decoded.rejected:
                raise PermissionDenied(f"all spans are of {FOREIGN_PROJECT}")
            if decoded.chunks:
                future = self._store.submit_spans(decoded.chunks)
                with self._metrics.commit():
                    result = await asyncio.wrap_future(future)
                self._notifier.put(result.nudges)
                self._metrics.add("sessions_reopened", sum(n.version > 1 for n in result.nudges))
                self._metrics.add("spans_known", result.n_duplicate)
                self._metrics.add("spans_expired", result.n_expired)
                self._metrics.add("spans_with_two_contents", result.n_replaced)
                self._metrics.add("traces_with_two_sessions", result.n_conflicts)
        self._metrics.add("spans_accepted", decoded.n_spans)
        self._metrics.add("spans_rejected", decoded.rejected.total())
        return Receipt(decoded.n_spans, decoded.rejected)

    async def _decode(self, body: bytes, caller: Caller, hold: Hold) -> Decoded:
        """In a thread where it takes long; the loop serves others meanwhile."""
        settings = self._settings
        checks = Checks(
            caller.grant.projects,
            settings.max_attribute_bytes,
            hold.hold_spans,
            settings.max_in_flight_spans,
        )
        project, scope = caller.project, caller.grant.tenant

        def read() -> tuple[Counter[str], Decoded]:
            clean, counts = self._redactor.redact(body)
            return counts, decode(clean, project=project, scope=scope, checks=checks)

        takes_long = len(body) > QUICK_BYTES or self._redactor.finds(body)
        counts, decoded = await asyncio.to_thread(read) if takes_long else read()
        self._metrics.redacted(counts)
        return decoded
