"""Nudges to Temporal after the ack, and the sweep that repairs lost ones.

In: the nudges of a commit; what the store finds overdue. Out: `Notifier`. Next: SessionWorkflow and
AgentAggregationWorkflow, by signal-with-start.

Nothing waits for it: when Temporal is down, nudges wait in a bounded queue, beyond that they are
dropped, and the sweep finds what they were about.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from datetime import timedelta
from itertools import islice
from typing import Protocol

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
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
MAX_TIME = timedelta(seconds=80)
"""Whichever comes first. Enough for a restart of Temporal; a nudge that fails longer is left to the sweep."""


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
        self._queue: deque[AnyNudge] = deque()
        self._waiting: set[Hashable] = set()
        """Names of those that are queued or being sent."""
        self._any_queued = asyncio.Event()
        self._all_sent = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._out = False
        self._turn = asyncio.Lock()

    def start(self) -> None:
        """Start sending and sweeping on the running loop."""
        senders = [self._send_forever() for _ in range(self._settings.n_nudgers)]
        self._tasks = [asyncio.create_task(work) for work in [*senders, self._sweep_forever()]]

    async def stop(self) -> None:
        """Send what is queued if that is quick; the sweep of the next start finds the rest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_PATIENCE.total_seconds()):
                if self._waiting:
                    await self._all_sent.wait()
        await end_all(self._tasks)

    def put(self, nudges: Iterable[AnyNudge]) -> None:
        """Queue without waiting; a nudge that waits already is not queued twice."""
        new = {name: nudge for nudge in nudges if (name := _name(nudge)) not in self._waiting}
        room = self._settings.max_nudges - len(self._queue)
        if len(new) > room:
            self._metrics.add("nudges_dropped", len(new) - room)
            new = dict(islice(new.items(), room))
        if new:
            self._queue.extend(new.values())
            self._waiting.update(new)
            self._any_queued.set()
            self._all_sent.clear()

    def n_waiting(self) -> int:
        """Nudges that are queued."""
        return len(self._queue)

    async def _send_forever(self) -> None:
        while True:
            nudge = await self._next()
            try:
                await self._send(nudge)
            finally:
                self._waiting.discard(_name(nudge))
                if not self._waiting:
                    self._all_sent.set()

    async def _next(self) -> AnyNudge:
        while not self._queue:
            self._any_queued.clear()
            await self._any_queued.wait()
        return self._queue.popleft()

    async def _send(self, nudge: AnyNudge) -> None:
        """A few attempts over a minute or so; what Temporal refuses for good gets none."""
        attempts = AsyncRetrying(
            stop=stop_after_attempt(MAX_ATTEMPTS) | stop_after_delay(MAX_TIME),
            wait=wait_exponential(multiplier=MIN_PAUSE.total_seconds(), max=MAX_PAUSE),
            retry=retry_if_exception(_may_pass),
            before_sleep=self._note_failure,
            sleep=self._pause,
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

    async def _pause(self, seconds: float) -> None:
        """While Temporal is out they wait one after the other: one that tries is enough."""
        now = asyncio.get_running_loop().time
        until = now() + seconds
        async with self._turn:
            if self._out:
                await asyncio.sleep(seconds)
                return
        await asyncio.sleep(max(0.0, until - now()))

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


def _name(nudge: AnyNudge) -> Hashable:
    """What tells nudges apart: two tuples are equal whatever they are of."""
    return nudge if isinstance(nudge, Nudge) else ("agent", nudge)


def _may_pass(error: BaseException) -> bool:
    """Whether another attempt can help; a cancellation is none of them."""
    return isinstance(error, Exception) and not isinstance(error, Permanent)
