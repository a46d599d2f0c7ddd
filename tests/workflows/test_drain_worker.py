"""SIGTERM to a worker amid its work: it ends in order, and what it left is done by the next one."""

import asyncio
import signal
import time
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.workflows.walk import Walk, conversation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

N_SESSIONS = 25


def until_one_is_analysed(one: Walk) -> None:
    while not one.store.coverage(one.project).analysed:
        time.sleep(0.1)


async def test_a_worker_ends_in_order_and_the_next_goes_on(client: Client, tmp_path: Path) -> None:
    one = Walk(client, tmp_path)
    workers = [one.worker(KELET_DRAIN="5s")]
    try:
        for index in range(N_SESSIONS):
            await one.send(conversation(index, lossy=bool(index % 2)))
        await asyncio.to_thread(until_one_is_analysed, one)
        workers[0].send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(workers[0].wait, 15) == 0, one.log()
        assert one.store.coverage(one.project).waiting, "the signal must come in the middle"
        workers.append(one.worker())
        await one.settle(120)
        covered = one.store.coverage(one.project)
        assert (covered.received, covered.analysed) == (N_SESSIONS, N_SESSIONS)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait(10)
        await asyncio.to_thread(one.store.close)
