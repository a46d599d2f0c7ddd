"""The edge beside a real Temporal server: nudges arrive, and the worker's health is seen from afar."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from exporter.server import EdgeServer
from pipeline.config import Config
from pipeline.model.nudge import Nudge
from pipeline.model.session import SessionKey
from pipeline.temporal.ids import session_workflow_id
from tests.integration.edge import SinkStore, export, free_port, running
from tests.unit.otlp import request, span

pytestmark = pytest.mark.slow

TASK_QUEUE = Config().temporal_task_queue
NUDGE = Nudge.of(SessionKey.of("p", "s"), 3)
LOST = Nudge.of(SessionKey.of("p", "lost"), 5)
GOOD = request(span(1, session__id="s")).SerializeToString()


@workflow.defn(name="SessionWorkflow", sandboxed=False)
class Noting:
    """Stands in for the real one: ends with the version it was told."""

    @workflow.init
    def __init__(self, start: object) -> None:
        self.version: int | None = None

    @workflow.run
    async def run(self, start: object) -> int | None:
        await workflow.wait_condition(lambda: self.version is not None)
        return self.version

    @workflow.signal
    def spans_arrived(self, version: int) -> None:
        self.version = version


@activity.defn
async def nothing() -> None:
    """A worker without activities does not poll for them."""


@pytest.fixture
async def client() -> AsyncGenerator[Client]:
    server = str(Path(sys.executable).with_name("temporal"))
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=server, data_converter=pydantic_data_converter
    ) as local:
        yield local.client


def worker_of(client: Client) -> Worker:
    return Worker(client, task_queue=TASK_QUEUE, workflows=[Noting], activities=[nothing])


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_commit_and_the_sweep_wake_their_sessions(client: Client) -> None:
    store = SinkStore()
    store.on_commit = (NUDGE,)
    async with worker_of(client), running(store, client=client) as edge:
        await export(edge, GOOD)
        handle = client.get_workflow_handle(session_workflow_id(NUDGE.key))
        await until(lambda: edge.metrics["nudges_sent"] == 1)
        assert await handle.result() == NUDGE.version
    store.lost = (LOST,)
    async with worker_of(client), running(store, client=client) as edge:
        await until(lambda: edge.metrics["nudges_sent"] == 1)
        handle = client.get_workflow_handle(session_workflow_id(LOST.key))
        assert await handle.result() == LOST.version


async def test_the_workers_health_is_seen_from_afar(client: Client) -> None:
    silence = timedelta(seconds=2)
    async with running(SinkStore(), client=client, worker_silence=silence) as edge:
        await until(lambda: edge.board.components()["temporal"])
        assert not edge.board.components()["worker"]
        assert edge.board.summary == "degraded"
        async with worker_of(client):
            await until(lambda: edge.board.components()["worker"])
            assert edge.board.summary == "ok"
        await until(lambda: not edge.board.components()["worker"])


async def test_nudges_wait_for_a_temporal_that_comes_later() -> None:
    store = SinkStore()
    store.on_commit = (NUDGE,)
    port = free_port()
    lazy = await Client.connect(
        f"127.0.0.1:{port}", lazy=True, data_converter=pydantic_data_converter
    )
    async with running(store, client=lazy) as edge:
        await export(edge, GOOD)
        await until(lambda: edge.metrics["nudges_failed"] > 0)
        assert store.spans
        await started_later(edge, port)


async def started_later(edge: EdgeServer, port: int) -> None:
    server = str(Path(sys.executable).with_name("temporal"))
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=server, port=port):
        await until(lambda: edge.metrics["nudges_sent"] == 1)
        await until(lambda: edge.board.components()["temporal"])
