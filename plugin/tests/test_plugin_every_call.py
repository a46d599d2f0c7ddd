"""An application with every kind of call shows one session across all its spans."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import kelet_temporal as kelet
import pytest
from conftest import SignalDoor, Spans
from kelet_app import ACTIVITIES, WORKFLOWS, Everything, LibraryHandler, Listener
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Replayer, Worker

pytestmark = [
    pytest.mark.slow,
    # Without a cache Temporal cancels local activities that have just ended, and says so.
    pytest.mark.filterwarnings("ignore:Cannot find activity to cancel"),
]

# Every place of the application that draws a span.
PLACES = {
    *(f"app.{place}-{round}" for place in ("activity", "thread", "local") for round in (0, 1)),
    *(f"app.external-{round}" for round in (0, 1)),
    "app.child",
    "app.child-signal",
    "app.nexus",
    "app.signal",
    "app.stumble-1",
    "app.stumble-2",
    "app.update",
    "app.workflow",
}


@asynccontextmanager
async def running(client: Client, queue: str, **options: Any) -> AsyncGenerator[None]:
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            client,
            task_queue=queue,
            workflows=WORKFLOWS,
            activities=ACTIVITIES,
            nexus_service_handlers=[LibraryHandler()],
            activity_executor=threads,
            **options,
        ):
            yield


async def nexus_endpoint(client: Client, queue: str) -> None:
    """A Nexus endpoint of the queue's name that leads to the queue."""
    target = EndpointTarget(
        worker=EndpointTarget.Worker(namespace=client.namespace, task_queue=queue)
    )
    request = CreateNexusEndpointRequest(spec=EndpointSpec(name=queue, target=target))
    await client.operator_service.create_nexus_endpoint(request)


async def walk(client: Client, queue: str, session: str) -> WorkflowHandle[Any, Any]:
    """Everything a client can do with a session, then wait for the end."""
    run = uuid.uuid4().hex
    listener = f"listener-{run}"
    await client.start_workflow(Listener.run, id=listener, task_queue=queue)
    with kelet.agentic_session(session_id=session, user_id="u-1", project="shop", channel="web"):
        handle = await client.start_workflow(
            Everything.run, args=[0, listener, queue], id=f"every-{run}", task_queue=queue
        )
        assert await handle.query(Everything.session) == session
        assert await handle.execute_update(Everything.ask) == session
        await handle.signal(Everything.release)
        seen: list[str | None] = await handle.result()
    assert seen == [session] * len(seen)
    assert await client.get_workflow_handle(listener).result() == [session, session]
    return handle


def assert_one_session(spans: Spans, session: str) -> None:
    drawn = spans.of_the_app()
    assert drawn.keys() == PLACES
    for place, attributes in drawn.items():
        assert attributes["gen_ai.conversation.id"] == session, place
        assert attributes["user.id"] == "u-1", place
        assert attributes["kelet.project"] == "shop", place
        assert attributes["metadata.channel"] == "web", place
        if place not in ("app.workflow", "app.nexus"):
            assert {"temporalWorkflowID", "temporalRunID"} <= attributes.keys(), place
            assert {"temporalActivityID", "temporal.activity_type"} <= attributes.keys(), place
            assert attributes["temporal.attempt"] == (2 if place == "app.stumble-2" else 1), place
    assert drawn["app.activity-0"]["gen_ai.agent.name"] == "thinker"
    assert drawn["app.thread-0"]["gen_ai.agent.name"] == "conductor"


@pytest.mark.parametrize("cached", [100, 0], ids=["cached", "every task a replay"])
async def test_one_session(
    temporal_server: str, spans: Spans, door: SignalDoor, cached: int
) -> None:
    client = await Client.connect(temporal_server, plugins=[kelet.KeletPlugin()])
    queue = f"every-call-{cached}"
    await nexus_endpoint(client, queue)
    async with running(client, queue, max_cached_workflows=cached):
        handle = await walk(client, queue, "chat-1")
    assert_one_session(spans, "chat-1")
    # Neither replay nor continue-as-new doubles a signal or the span of an agent.
    # A local activity may run twice; its key is then the same, and the sidecar takes it once.
    by_key = {key: body["trigger_name"] for _, key, body in door.received}
    assert list(by_key.values()) == ["round-0", "round-1"]
    assert {path for path, _, _ in door.received} == {"/api/projects/shop/signal"}
    assert len(spans.named("agent conductor")) == 2
    await replay(client, handle)


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
            Everything.run, args=[0, listener, ""], id=f"auto-{queue}", task_queue=queue
        )
        await handle.signal(Everything.release)
        seen = await handle.result()
    assert set(seen) == {handle.first_execution_run_id}
    sessions = {a["gen_ai.conversation.id"] for a in spans.of_the_app().values()}
    assert sessions == {handle.first_execution_run_id}


async def test_signal_with_start_and_update_with_start(temporal_server: str, spans: Spans) -> None:
    from temporalio.client import WithStartWorkflowOperation
    from temporalio.common import WorkflowIDConflictPolicy

    client = await Client.connect(temporal_server, plugins=[kelet.KeletPlugin()])
    queue = f"start-{uuid.uuid4().hex}"
    async with running(client, queue):
        with kelet.agentic_session(session_id="s-1"):
            heard = await client.start_workflow(
                Listener.run,
                id=f"heard-{queue}",
                task_queue=queue,
                start_signal="hear",
                start_signal_args=["with-start"],
            )
        await heard.signal(Listener.finish)
        assert await heard.result() == ["s-1"]
        with kelet.agentic_session(session_id="s-2"):
            start = WithStartWorkflowOperation(
                Everything.run,
                args=[0, "nobody", ""],
                id=f"asked-{queue}",
                task_queue=queue,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            )
            answer = await client.execute_update_with_start_workflow(
                Everything.ask, start_workflow_operation=start
            )
        assert answer == "s-2"
        asked = client.get_workflow_handle(f"asked-{queue}")
        assert await asked.query(Everything.session) == "s-2"
        await asked.terminate()


async def test_schedules(temporal_server: str, spans: Spans) -> None:
    from temporalio import client as temporal

    client = await Client.connect(temporal_server, plugins=[kelet.KeletPlugin()])
    queue = f"schedule-{uuid.uuid4().hex}"
    action = temporal.ScheduleActionStartWorkflow(
        Listener.run, id=f"scheduled-{queue}", task_queue=queue
    )
    schedule = temporal.Schedule(action=action, spec=temporal.ScheduleSpec())
    with kelet.agentic_session(session_id="nightly"):
        handle = await client.create_schedule(f"s-{queue}", schedule)
    assert not action.headers, "the user's own object stays as it was"
    try:
        async with running(client, queue):
            await handle.trigger()
            for _ in range(100):
                if actions := (await handle.describe()).info.running_actions:
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError("the schedule started nothing")
            started = actions[0]
            assert isinstance(started, temporal.ScheduleActionExecutionStartWorkflow)
            scheduled = client.get_workflow_handle(started.workflow_id)
            await scheduled.signal(Listener.hear, "scheduled")
            await scheduled.signal(Listener.finish)
            assert await scheduled.result() == ["nightly"]
    finally:
        await handle.delete()
