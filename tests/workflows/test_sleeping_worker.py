"""A worker that sleeps past every timeout, in the middle of an aggregation, overwrites nothing newer.

In: sessions before and after it falls asleep. Out: the store is the same before and after it wakes,
and the same as where nobody slept.
"""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from tests.workflows.walk import Walk, conversation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

N_BEFORE, N_AFTER = 40, 20
AWAKE_SECONDS = 8.0
AGENTS = ("summarizer", "scorer")


async def test_worker_that_slept_in_an_aggregation(client: Client, tmp_path: Path) -> None:
    asleep = Walk(client, tmp_path / "asleep")
    calm = Walk(client, tmp_path / "calm")
    sleeper, other = asleep.worker(), None
    steady = calm.worker()
    try:
        await _send(asleep, 0, N_BEFORE)
        await _send(calm, 0, N_BEFORE + N_AFTER)
        await _stop_in_aggregation(asleep, sleeper.pid)
        await _send(asleep, N_BEFORE, N_BEFORE + N_AFTER)
        other = asleep.worker()
        await asleep.settle(180)
        settled = asleep.export()
        os.kill(sleeper.pid, signal.SIGCONT)
        await asyncio.sleep(AWAKE_SECONDS)
        assert sleeper.poll() is None, asleep.log()
        assert asleep.export() == settled
        await calm.settle(60)
        assert settled == calm.export()
    finally:
        for worker in (sleeper, steady, other):
            if worker is not None:
                worker.kill()
                worker.wait()
        for one in (asleep, calm):
            await asyncio.to_thread(one.store.close)


async def _send(one: Walk, first: int, last: int) -> None:
    for index in range(first, last):
        lossy = index % 2 == 0
        await one.send(conversation(index, lossy=lossy))
        await one.judge(f"s{index:04d}", good=not lossy)


async def _stop_in_aggregation(one: Walk, pid: int) -> None:
    """SIGSTOP at a moment when an aggregation is in the worker's hands."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for agent in AGENTS:
            if not await _in_hand(one, agent):
                continue
            await one.put_to_sleep(pid)
            await asyncio.sleep(0.2)
            if await _in_hand(one, agent):
                return
            os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.002)
    raise AssertionError(f"no aggregation was caught:\n{one.log()}")


async def _in_hand(one: Walk, agent: str) -> bool:
    handle = one.client.get_workflow_handle(f"agent/{one.project}/{agent}")
    with suppress(RPCError):
        description = await handle.describe()
        activities = description.raw_description.pending_activities
        return any(activity.HasField("last_started_time") for activity in activities)
    return False
