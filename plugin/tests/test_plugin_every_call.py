"""An application with every kind of call shows one session across all its spans."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import uuid
from collections import Counter
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import kelet_temporal as kelet
import pytest
from kelet_app import (
    ACTIVITIES,
    WORKFLOWS,
    Answerer,
    Everything,
    LibraryHandler,
    Listener,
    Plan,
)
from kelet_small import Kid, Parent, Second
from kelet_stage import SignalDoor, Spans
from kelet_walk import PLACES, assert_one_session, walk
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import RetryPolicy, WorkflowIDConflictPolicy
from temporalio.worker import Replayer, Worker

pytestmark = [
    pytest.mark.slow,
    # Without a cache Temporal cancels local activities that have just ended, and says so.
    pytest.mark.filterwarnings("ignore:Cannot find activity to cancel"),
]


_WORKER = Path(__file__).with_name("kelet_worker.py")


@asynccontextmanager
async def running(client: Client, queue: str, **options: Any) -> AsyncGenerator[None]:
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            client,
            task_queue=queue,
            workflows=[*WORKFLOWS, Kid, Parent, Second],
            activities=ACTIVITIES,
            nexus_service_handlers=[LibraryHandler()],
            activity_executor=threads,
            **options,
        ):
            yield


@pytest.mark.parametrize("cached", [100, 0], ids=["cached", "every task a replay"])
async def test_one_session(
    temporal_server: str, spans: Spans, door: SignalDoor, cached: int
) -> None:
    client = await Client.connect(temporal_server, plugins=[kelet.KeletPlugin()])
    queue = f"every-call-{cached}"
    async with running(client, queue, max_cached_workflows=cached):
        handle = await walk(client, queue)
    assert_one_session(spans.of_the_app(), PLACES)
    by_name = {span["name"]: span for span in spans.of_the_app()}
    assert by_name["app.stumble-2"]["temporal.attempt"] == 2
    assert by_name["app.activity-0"]["gen_ai.agent.name"] == "thinker"
    assert by_name["app.thread-0"]["gen_ai.agent.name"] == "conductor"
    # Neither replay nor continue-as-new doubles the span of an agent.
    assert len(spans.named("agent conductor")) == 2
    assert_two_signals(door)
    runs = [handle.first_execution_run_id, (await handle.describe()).run_id]
    # As docs/wire-contract.md states it.
    keys = [json.dumps(["default", handle.id, run_id, 1]) for run_id in runs]
    assert {key for _, key, _ in door.received} == {
        sha256(key.encode()).hexdigest() for key in keys
    }
    await replay(client, handle)


@pytest.mark.timeout(300)
async def test_one_session_over_kill_9(
    temporal_server: str, spans: Spans, door: SignalDoor, tmp_path: Path
) -> None:
    """The worker dies in the middle of an activity, and the next one goes on."""
    client = await Client.connect(temporal_server, plugins=[kelet.KeletPlugin()])
    queue, drawn = f"mortal-{uuid.uuid4().hex}", tmp_path / "spans.jsonl"
    command = [sys.executable, str(_WORKER), temporal_server, queue, str(drawn), door.url]
    first = await asyncio.create_subprocess_exec(*command)
    walking = asyncio.create_task(walk(client, queue, str(tmp_path / "flag")))
    assert await asyncio.wait_for(first.wait(), 60) == -signal.SIGKILL
    second = await asyncio.create_subprocess_exec(*command)
    try:
        handle = await asyncio.wait_for(walking, 180)
    finally:
        second.kill()
        await second.wait()
    lines = [json.loads(line) for line in drawn.read_text().splitlines()]
    app = [line for line in lines if line["name"].startswith("app.")]
    assert_one_session(app, PLACES | {"app.die-once"})
    died = [line["temporal.attempt"] for line in app if line["name"] == "app.die-once"]
    # Once in each round: the second finds the flag and lives.
    assert died == [1, 2, 1]
    assert {line["gen_ai.conversation.id"] for line in lines} == {"chat-1"}
    assert_two_signals(door)
    await replay(client, handle)


async def test_one_session_by_our_headers_alone(
    temporal_server: str, spans: Spans, door: SignalDoor
) -> None:
    """Temporal's tracing carries baggage too, which would hide that a header of ours is missing."""
    plugin = kelet.KeletPlugin(include_otel_plugin=False)
    client = await Client.connect(temporal_server, plugins=[plugin])
    queue = f"headers-{uuid.uuid4().hex}"
    async with running(client, queue):
        await walk(client, queue)
    assert_one_session(spans.of_the_app(), PLACES)
    assert_two_signals(door)


async def test_a_message_is_in_its_senders_session(temporal_server: str, spans: Spans) -> None:
    """And the run that it came to stays in its own, here in none."""
    plugin = kelet.KeletPlugin(include_otel_plugin=False)
    client = await Client.connect(temporal_server, plugins=[plugin])
    queue = f"messages-{uuid.uuid4().hex}"

    async def begun(run: Any, *args: Any) -> WorkflowHandle[Any, Any]:
        return await client.start_workflow(
            run, args=list(args), id=uuid.uuid4().hex, task_queue=queue
        )

    async with running(client, queue, max_cached_workflows=0):
        listener, parent = await begun(Listener.run), await begun(Parent.run)
        answerer, other = await begun(Answerer.run), await begun(Answerer.run)
        everything = await begun(Everything.run, Plan(listener.id))
        with kelet.agentic_session(session_id="sender"):
            assert await everything.query(Everything.session) == "sender"
            start = WithStartWorkflowOperation(
                Answerer.run,
                id=answerer.id,
                task_queue=queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
            ask = client.execute_update_with_start_workflow
            assert await ask(Answerer.ask, "with-start", start_workflow_operation=start) == "sender"
            assert await other.execute_update(Answerer.ask, "update") == "sender"
            await listener.signal(Listener.hear, "signal")
        await listener.signal(Listener.hear, "anonymous")
        await listener.signal(Listener.finish)
        assert await listener.result() == {"signal": "sender", "anonymous": None}
        assert await answerer.result() is None
        assert await parent.result() == [None, "parent"]
        assert await everything.query(Everything.session) is None
        await everything.terminate()


def assert_two_signals(door: SignalDoor) -> None:
    """A local activity may run twice; its key is then the same, and the sidecar takes it once."""
    by_key = {key: body["trigger_name"] for _, key, body in door.received}
    assert Counter(by_key.values()) == {"round-0": 1, "round-1": 1}
    assert {path for path, _, _ in door.received} == {"/api/projects/shop/signal"}


async def replay(client: Client, handle: WorkflowHandle[Any, Any]) -> None:
    replayer = Replayer(workflows=WORKFLOWS, plugins=[kelet.KeletPlugin()])
    async for run in client.list_workflows(f"WorkflowId = '{handle.id}'"):
        history = await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        await replayer.replay_workflow(history)


async def test_auto_session_is_one_a_chain(temporal_server: str, spans: Spans) -> None:
    plugin = kelet.KeletPlugin(auto_session=True)
    client = await Client.connect(temporal_server, plugins=[plugin])
    queue = f"auto-{uuid.uuid4().hex}"
    async with running(client, queue, max_cached_workflows=0):
        listener = f"listener-{queue}"
        await client.start_workflow(Listener.run, id=listener, task_queue=queue)
        handle = await client.start_workflow(
            Everything.run, Plan(listener), id=f"auto-{queue}", task_queue=queue
        )
        await handle.signal(Everything.release)
        seen = await handle.result()
        again = RetryPolicy(initial_interval=timedelta(milliseconds=20), maximum_attempts=2)
        second = await client.start_workflow(
            Second.run, id=f"second-{queue}", task_queue=queue, retry_policy=again
        )
        assert await second.result() == second.first_execution_run_id
    assert set(seen) == {handle.first_execution_run_id}
    sessions = {span["gen_ai.conversation.id"] for span in spans.of_the_app()}
    assert sessions == {handle.first_execution_run_id}
