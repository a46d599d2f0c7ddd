"""A provider that fails in every way, and a worker that is killed while it waits for an answer."""

import asyncio
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from temporalio.client import Client

from pipeline.model.finding import Finding
from tests.llm.openai_server import RETRY_AFTER, ScriptedServer, serving
from tests.workflows.test_explain import feed
from tests.workflows.test_walk import walk, working
from tests.workflows.walk import Walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def the_finding(one: Walk) -> Finding:
    """The one that names a cause."""
    (finding,) = [f for f in one.store.list_findings(one.project)[0] if f.blamed_agent]
    return finding


def model_of(server: ScriptedServer) -> dict[str, str]:
    """Settings that point a worker at the server."""
    return {"model": "openai:scripted", "model_url": server.url}


async def test_faults_are_tried_again_by_temporal_alone(client: Client, tmp_path: Path) -> None:
    with serving("429", "500", "cut", "wrong json", "slow") as server:
        async with working(client, tmp_path, **model_of(server)) as one:
            await feed(one)
            await one.settle(200)
            finding = the_finding(one)
    assert finding.explanation is not None
    assert finding.explanation.n_verified == 1, finding.explanation.reason
    assert server.faults == []
    limited, first = server.asked_at[0]
    again = next(at for content, at in server.asked_at[1:] if content == limited)
    assert again - first >= float(RETRY_AFTER), "it waits as long as the provider asks"
    assert server.asked.total() == len(server.asked) + 4, "one request more a fault, none besides"
    assert server.n_answered == len(server.asked), "no answer is paid twice"


@pytest.mark.parametrize("fault", ["filtered"])
async def test_what_cannot_get_better_leaves_the_statistics(
    client: Client, tmp_path: Path, fault: str
) -> None:
    with serving(*[fault] * 200) as server:
        async with working(client, tmp_path, **model_of(server)) as one:
            await feed(one)
            await one.settle(200)
            finding = the_finding(one)
    assert finding.engine == "statistical"
    assert finding.explanation is not None
    assert finding.explanation.reason
    assert server.n_answered == 0


async def test_a_killed_worker_pays_no_answer_twice(client: Client, tmp_path: Path) -> None:
    with serving() as server:
        async with walk(client, tmp_path, **model_of(server)) as one:
            worker = one.worker(KELET_MODEL="openai:scripted", KELET_MODEL_URL=server.url)
            try:
                server.hold_after(1)
                await feed(one)
                await until(lambda: server.n_held > 0 and one.n_kept_answers() == server.n_passed)
            finally:
                await asyncio.to_thread(end, worker)
            server.release()
            worker = one.worker(KELET_MODEL="openai:scripted", KELET_MODEL_URL=server.url)
            try:
                await one.settle(180)
            finally:
                await asyncio.to_thread(end, worker)
            finding = the_finding(one)
    assert finding.explanation is not None
    assert finding.explanation.n_verified == 1, finding.explanation.reason
    repeated = sum(n - 1 for n in server.asked.values())
    assert 0 < repeated <= server.n_held, "only what was in flight is asked again"
    assert server.n_answered <= len(server.asked) + server.n_held


def end(worker: "subprocess.Popen[bytes]") -> None:
    """Kill -9, and wait for it."""
    worker.kill()
    worker.wait()


async def until(holds: Callable[[], bool], patience: float = 120) -> None:
    """Wait for something the server sees."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
