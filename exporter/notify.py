"""Nudges to Temporal after the ack, and the sweep that repairs lost ones.

In: the nudges of a commit; what the store finds overdue. Out: `Notifier`. Next: SessionWorkflow and
AgentAggregationWorkflow, by signal-with-start.

Nothing waits for it: when Temporal is down, nudges wait in a bounded queue, beyond that they are
dropped, and the sweep finds what they were about.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Protocol

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

from exporter.doors import NudgeSource
from exporter.metrics import Metrics
from exporter.settings import EdgeSettings
from exporter.tasks import end_all
from pipeline.errors import Permanent
from pipeline.model.nudge import AgentNudge, Nudge

log = logging.getLogger(__name__)

AnyNudge = Nudge | AgentNudge

MIN_PAUSE = timedelta(milliseconds=200)
MAX_PAUSE = timedelta(seconds=5)
STOP_PATIENCE = timedelta(seconds=2)
AT_ONCE = timedelta(0)
MAX_ATTEMPTS = 20
"""Enough for a restart of Temporal; a nudge that fails longer is left to the sweep."""


class Sender(Protocol):
    """Tells Temporal; raises when it could not."""

    async def send(self, nudge: AnyNudge) -> None:
        """Signal-with-start of the nudge's workflow."""
        ...


class Notifier:
    """A bounded queue of nudges, `n_nudgers` tasks that send them, and the sweep."""

    def __init__(
        self, store: NudgeSource, sender: Sender, settings: EdgeSettings, metrics: Metrics
    ) -> None:
        self._store = store
        self._sender = sender
        self._settings = settings
        self._metrics = metrics
        self._queue: asyncio.Queue[AnyNudge] = asyncio.Queue(settings.max_nudges)
        self._waiting: set[tuple[str, str, int]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._out = False

    def start(self) -> None:
        """Start sending and sweeping on the running loop."""
        senders = [self._send_forever() for _ in range(self._settings.n_nudgers)]
        self._tasks = [asyncio.create_task(work) for work in [*senders, self._sweep_forever()]]

    async def stop(self) -> None:
        """Send what is queued if that is quick; the sweep of the next start finds the rest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_PATIENCE.total_seconds()):
                await self._queue.join()
        await end_all(self._tasks)

    def put(self, nudges: Iterable[AnyNudge]) -> None:
        """Queue without waiting; a nudge that waits already is not queued twice."""
        n_dropped = 0
        for nudge in nudges:
            name = _name(nudge)
            if name in self._waiting:
                continue
            if self._queue.full():
                n_dropped += 1
                continue
            self._queue.put_nowait(nudge)
            self._waiting.add(name)
        self._metrics.add("nudges_dropped", n_dropped)

    def n_waiting(self) -> int:
        """Nudges that are queued."""
        return self._queue.qsize()

    async def _send_forever(self) -> None:
        while True:
            nudge = await self._queue.get()
            try:
                await self._send(nudge)
            finally:
                self._waiting.discard(_name(nudge))
                self._queue.task_done()

    async def _send(self, nudge: AnyNudge) -> None:
        """A few attempts over a minute or so; what Temporal refuses for good gets none."""
        attempts = AsyncRetrying(
            stop=stop_after_attempt(MAX_ATTEMPTS),
            wait=wait_exponential(multiplier=MIN_PAUSE.total_seconds(), max=MAX_PAUSE),
            retry=retry_if_exception(_may_pass),
            before_sleep=self._note_failure,
            reraise=True,
        )
        try:
            await attempts(self._sender.send, nudge)
        except Permanent as error:
            log.error("nudge refused: %s", error.code)
            self._metrics.add("nudges_dropped")
        except Exception:  # the sweep finds what it was about
            self._metrics.add("nudges_dropped")
        else:
            self._metrics.add("nudges_sent")
            self._note_success()

    def _note_failure(self, state: RetryCallState) -> None:
        """One line an outage: every session waits, and would say so."""
        self._metrics.add("nudges_failed")
        if not self._out:
            self._out = True
            error = state.outcome.exception() if state.outcome else None
            log.warning("Temporal cannot be told of sessions: %s; they wait", type(error).__name__)

    def _note_success(self) -> None:
        if self._out:
            self._out = False
            log.info("Temporal is told of sessions again")

    async def _sweep_forever(self) -> None:
        """The first sweep is at once and without patience: a killed edge took its queue with it."""
        find = self.find_waiting
        while True:
            try:
                self.put(await asyncio.to_thread(find))
                find = self.find_lost
            except Exception as error:
                log.warning("sweep failed: %s", type(error).__name__)
            await asyncio.sleep(self._settings.sweep_every.total_seconds())

    def find_waiting(self) -> Sequence[AnyNudge]:
        """All that wait for an analysis, overdue or not: to tell a workflow twice is harmless."""
        return self._find(debounce=AT_ONCE, cap=AT_ONCE, quiet=AT_ONCE, grace=AT_ONCE)

    def find_lost(self) -> Sequence[AnyNudge]:
        """Sessions and agents that are overdue by `sweep_grace`."""
        settings = self._settings
        return self._find(
            debounce=settings.debounce,
            cap=settings.cap,
            quiet=settings.quiet,
            grace=settings.sweep_grace,
        )

    def _find(
        self, *, debounce: timedelta, cap: timedelta, quiet: timedelta, grace: timedelta
    ) -> Sequence[AnyNudge]:
        limit = self._settings.sweep_limit
        sessions = self._store.lost_nudges(debounce=debounce, cap=cap, grace=grace, limit=limit)
        agents = self._store.lost_agents(quiet=quiet, grace=grace, limit=limit)
        self._metrics.add("nudges_swept", len(sessions) + len(agents))
        return (*sessions, *agents)


def _name(nudge: AnyNudge) -> tuple[str, str, int]:
    """What tells nudges apart."""
    if isinstance(nudge, Nudge):
        return (nudge.project, nudge.digest, nudge.version)
    return (nudge.project, f"agent:{nudge.agent}", nudge.epoch)


def _may_pass(error: BaseException) -> bool:
    """Whether another attempt can help; a cancellation is none of them."""
    return isinstance(error, Exception) and not isinstance(error, Permanent)
