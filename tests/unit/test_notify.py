"""The notifier: every nudge once, retried while Temporal is down, never in the way."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from exporter import notify
from exporter.metrics import Metrics
from exporter.notify import AnyNudge, Notifier
from exporter.settings import EdgeSettings
from pipeline.errors import BadRequest, StoreUnavailable, TemporalUnavailable
from pipeline.model.nudge import AgentNudge, Nudge

AGENT = AgentNudge(project="p", agent="a", epoch=1)


def nudge(n: int) -> Nudge:
    return Nudge("p", str(n), 1)


class Temporal:
    """A sender that notes what it was told, and fails as told."""

    def __init__(self) -> None:
        self.sent: list[AnyNudge] = []
        self.errors: list[Exception] = []
        self.refused: set[AnyNudge] = set()
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, nudge: AnyNudge) -> None:
        await self.open.wait()
        if nudge in self.refused:
            raise TemporalUnavailable("no such workflow")
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(nudge)


class Overdue:
    """A store that finds these lost."""

    def __init__(self, *nudges: Nudge, error: Exception | None = None) -> None:
        self.nudges = nudges
        self.error = error
        self.asked: dict[str, Any] = {}
        self.every: list[dict[str, Any]] = []

    def lost_nudges(self, **asked: Any) -> tuple[Nudge, ...]:
        self.asked = asked
        self.every.append(asked)
        if self.error:
            raise self.error
        return self.nudges

    def lost_agents(self, **_: Any) -> tuple[AgentNudge, ...]:
        return (AGENT,) if self.nudges else ()


@asynccontextmanager
async def notifying(
    sender: Temporal, store: Overdue | None = None, **changes: Any
) -> AsyncGenerator[tuple[Notifier, Metrics]]:
    settings = EdgeSettings(sweep_every=timedelta(milliseconds=10), **changes)
    metrics = Metrics()
    notifier = Notifier(store or Overdue(), sender, settings, metrics)
    notifier.start()
    yield notifier, metrics
    await notifier.stop()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(notify, "MIN_PAUSE", timedelta(milliseconds=1))
    monkeypatch.setattr(notify, "MAX_PAUSE", timedelta(milliseconds=2))
    monkeypatch.setattr(notify, "STOP_PATIENCE", timedelta(milliseconds=100))


async def test_nudges_are_sent_and_a_stop_flushes_them() -> None:
    temporal = Temporal()
    async with notifying(temporal) as (notifier, metrics):
        notifier.put([nudge(1), nudge(2), AGENT])
    assert all(one in temporal.sent for one in (nudge(1), nudge(2), AGENT))
    assert metrics["nudges_sent"] == 3


async def test_one_that_waits_is_not_queued_twice_and_one_that_was_sent_may_be() -> None:
    temporal = Temporal()
    temporal.open.clear()
    async with notifying(temporal) as (notifier, _):
        notifier.put([nudge(1)])
        await asyncio.sleep(0.01)
        notifier.put([nudge(1), nudge(1)])
        temporal.open.set()
        await until(lambda: len(temporal.sent) == 1)
        await asyncio.sleep(0)
        notifier.put([nudge(1)])
    assert temporal.sent == [nudge(1), nudge(1)]


async def test_a_full_queue_drops_and_counts_and_blocks_nobody() -> None:
    temporal = Temporal()
    temporal.open.clear()
    async with notifying(temporal, max_nudges=2, n_nudgers=1) as (notifier, metrics):
        notifier.put(nudge(n) for n in range(5))
        assert metrics["nudges_dropped"] == 3
        temporal.open.set()
    assert temporal.sent == [nudge(0), nudge(1)]


async def test_it_retries_while_temporal_is_down_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    temporal = Temporal()
    temporal.errors = [TemporalUnavailable("down")] * 3
    with caplog.at_level("INFO", logger="exporter.notify"):
        async with notifying(temporal) as (notifier, metrics):
            notifier.put([nudge(1), nudge(2)])
            await until(lambda: len(temporal.sent) == 2)
    assert metrics["nudges_failed"] == 3
    outage, end = caplog.messages
    assert "cannot be told" in outage
    assert "again" in end


async def test_while_temporal_is_down_one_tries_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIN_PAUSE", "MAX_PAUSE"):
        monkeypatch.setattr(notify, name, timedelta(milliseconds=10))
    temporal = Temporal()
    temporal.errors = [TemporalUnavailable("down") for _ in range(1000)]
    async with notifying(temporal, n_nudgers=16) as (notifier, metrics):
        notifier.put(nudge(n) for n in range(16))
        await asyncio.sleep(0.2)
        assert 16 < metrics["nudges_failed"] <= 16 + 200 / 10
        temporal.errors.clear()
        await until(lambda: len(temporal.sent) == 16)


async def test_nudges_that_always_fail_let_others_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "MAX_PAUSE", timedelta(milliseconds=20))
    monkeypatch.setattr(notify, "MAX_TIME", timedelta(milliseconds=100))
    temporal = Temporal()
    temporal.refused = {nudge(n) for n in range(4)}
    async with notifying(temporal, n_nudgers=4) as (notifier, metrics):
        notifier.put(nudge(n) for n in range(5))
        async with asyncio.timeout(1):
            await until(lambda: temporal.sent == [nudge(4)])
        assert metrics["nudges_dropped"] >= 1


@pytest.mark.parametrize("errors", [[BadRequest("no")], [RuntimeError("x")] * notify.MAX_ATTEMPTS])
async def test_a_hopeless_nudge_is_dropped_and_the_next_one_sent(errors: list[Exception]) -> None:
    temporal = Temporal()
    temporal.errors = list(errors)
    async with notifying(temporal, n_nudgers=1) as (notifier, metrics):
        notifier.put([nudge(1), nudge(2)])
        await until(lambda: temporal.sent == [nudge(2)])
    assert metrics["nudges_dropped"] == 1


async def test_the_sweep_sends_what_was_lost() -> None:
    temporal, store = Temporal(), Overdue(nudge(7))
    async with notifying(temporal, store, debounce=timedelta(seconds=3)):
        await until(lambda: nudge(7) in temporal.sent and AGENT in temporal.sent)
        await until(lambda: len(store.every) > 1)
    assert store.asked["debounce"] == timedelta(seconds=3)
    assert store.asked["limit"] > 0


async def test_the_first_sweep_has_no_patience() -> None:
    """A killed edge took its queue with it, so a new one tells of everything that waits."""
    temporal, store = Temporal(), Overdue(nudge(7))
    async with notifying(temporal, store):
        await until(lambda: bool(store.every))
    assert store.every[0]["grace"] == store.every[0]["debounce"] == timedelta(0)


async def test_the_sweep_outlives_a_store_that_fails() -> None:
    temporal, store = Temporal(), Overdue(nudge(7), error=StoreUnavailable("down"))
    async with notifying(temporal, store):
        await asyncio.sleep(0.03)
        store.error = None
        await until(lambda: nudge(7) in temporal.sent)


async def test_a_stop_does_not_wait_for_a_temporal_that_is_down() -> None:
    temporal = Temporal()
    temporal.open.clear()
    async with asyncio.timeout(1), notifying(temporal) as (notifier, _):
        notifier.put([nudge(1)])
    assert temporal.sent == []
