"""What a client does with one session: every call of it once, and the names of all spans that follow.

In: a client, a task queue whose worker runs `kelet_app`. Out: `walk`, `PLACES`, `assert_one_session`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import kelet_temporal as kelet
from kelet_app import Answerer, Everything, Library, Listener, Nightly, Plan, think
from temporalio import client as temporal
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import WorkflowOutboundInterceptor

SESSION = {"session_id": "chat-1", "user_id": "u-1", "project": "shop", "channel": "web"}
# Calls that the oldest releases do not have, or do not let an interceptor see.
GREETS = hasattr(WorkflowOutboundInterceptor, "start_signal_with_start_workflow")
STANDALONE_NEXUS = hasattr(Client, "create_nexus_client")
ROUNDS = (0, 1)

# Every place of the application that draws a span.
PLACES = {
    *(f"app.{place}-{round}" for place in ("activity", "thread", "local") for round in ROUNDS),
    *(f"app.external-{round}" for round in ROUNDS),
    *(f"app.greeted-{round}" for round in ROUNDS if GREETS),
    "app.child",
    "app.child-signal",
    "app.nexus",
    "app.nexus-begun",
    "app.nexus-lent",
    "app.nexus-wait-begun",
    "app.nexus-wait-cancelled",
    *(["app.nexus-standalone"] if STANDALONE_NEXUS else []),
    "app.scheduled",
    "app.signal",
    "app.standalone",
    "app.stumble-1",
    "app.stumble-2",
    "app.update",
    "app.update-with-start",
    "app.updated-schedule",
    "app.with-start",
    "app.workflow",
}
_OUTSIDE_ACTIVITIES = ("app.workflow", *(p for p in PLACES if "app.nexus" in p and "lent" not in p))


async def walk(client: Client, queue: str, flag: str = "") -> WorkflowHandle[Any, Any]:
    """Everything a client can do with a session, then wait for the end."""
    await nexus_endpoint(client, queue)
    run = uuid.uuid4().hex
    listener, session = f"listener-{run}", SESSION["session_id"]
    await client.start_workflow(Listener.run, id=listener, task_queue=queue)
    plan = Plan(listener, queue, f"greeted-{run}" if GREETS else "", flag)
    with kelet.agentic_session(**SESSION):  # pyright: ignore[reportArgumentType]
        handle = await client.start_workflow(
            Everything.run, plan, id=f"every-{run}", task_queue=queue
        )
        assert await handle.query(Everything.session) == session
        assert await handle.execute_update(Everything.ask) == session
        await handle.signal(Everything.release)
        calls = (signal_with_start, update_with_start, schedule, standalone)
        seen = list(await asyncio.gather(*(call(client, queue) for call in calls)))
        seen.append(await handle.result())
    heard = await client.get_workflow_handle_for(Listener.run, listener).result()
    seen.append(list(heard.values()))
    assert all(who == session for some in seen for who in some), seen
    return handle


async def signal_with_start(client: Client, queue: str) -> Sequence[str | None]:
    heard = await client.start_workflow(
        Listener.run,
        id=f"heard-{uuid.uuid4().hex}",
        task_queue=queue,
        start_signal="hear",
        start_signal_args=["with-start"],
    )
    await heard.signal(Listener.finish)
    return list((await heard.result()).values())


async def update_with_start(client: Client, queue: str) -> Sequence[str | None]:
    start = WithStartWorkflowOperation(
        Answerer.run,
        id=f"asked-{uuid.uuid4().hex}",
        task_queue=queue,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )
    answer = await client.execute_update_with_start_workflow(
        Answerer.ask, "update-with-start", start_workflow_operation=start
    )
    return [answer, await (await start.workflow_handle()).result()]


async def schedule(client: Client, queue: str) -> Sequence[str | None]:
    """A schedule that is created, and one that gets its action by an update."""
    action = temporal.ScheduleActionStartWorkflow(
        Nightly.run, "scheduled", id=f"nightly-{uuid.uuid4().hex}", task_queue=queue
    )
    plain = temporal.Schedule(action=action, spec=temporal.ScheduleSpec())
    handle = await client.create_schedule(f"s-{uuid.uuid4().hex}", plain, trigger_immediately=True)
    assert not action.headers, "the user's own object stays as it was"
    try:
        first = await _started(client, handle, 1)
        action.args = ["updated-schedule"]
        await handle.update(lambda _: temporal.ScheduleUpdate(schedule=plain))
        await handle.trigger()
        return [first, await _started(client, handle, 2)]
    finally:
        await handle.delete()


async def _started(client: Client, handle: temporal.ScheduleHandle, number: int) -> str | None:
    """What the workflow returned that a schedule started."""
    for _ in range(300):
        info = (await handle.describe()).info
        if len(info.recent_actions) >= number:
            action = info.recent_actions[-1].action
            assert isinstance(action, temporal.ScheduleActionExecutionStartWorkflow)
            return await client.get_workflow_handle(action.workflow_id).result()
        await asyncio.sleep(0.1)
    raise AssertionError("the schedule started nothing")


async def standalone(client: Client, queue: str) -> Sequence[str | None]:
    """What a client starts without a workflow."""
    answers: list[str | None] = []
    if STANDALONE_NEXUS:
        library = client.create_nexus_client(Library, queue)
        answers.append(
            await library.execute_operation(
                Library.look_up, "nexus-standalone", id=uuid.uuid4().hex
            )
        )
    answer = await client.execute_activity(
        think,
        "standalone",
        id=f"alone-{uuid.uuid4().hex}",
        task_queue=queue,
        start_to_close_timeout=timedelta(seconds=20),
    )
    return [*answers, answer]


async def nexus_endpoint(client: Client, queue: str) -> None:
    """A Nexus endpoint of the queue's name that leads to the queue."""
    target = EndpointTarget(
        worker=EndpointTarget.Worker(namespace=client.namespace, task_queue=queue)
    )
    request = CreateNexusEndpointRequest(spec=EndpointSpec(name=queue, target=target))
    await client.operator_service.create_nexus_endpoint(request)


def assert_one_session(drawn: Sequence[Mapping[str, Any]], places: set[str]) -> None:
    """Every span of the application, by name and attributes, is of the one session, and all came."""
    assert {span["name"] for span in drawn} == places
    for span in drawn:
        place = span["name"]
        assert span["gen_ai.conversation.id"] == SESSION["session_id"], place
        assert span["user.id"] == SESSION["user_id"], place
        assert span["kelet.project"] == SESSION["project"], place
        assert span["metadata.channel"] == SESSION["channel"], place
        if place in _OUTSIDE_ACTIVITIES:
            continue
        assert {"temporalActivityID", "temporal.activity_type", "temporal.attempt"} <= span.keys()
        if place != "app.standalone":
            assert {"temporalWorkflowID", "temporalRunID"} <= span.keys(), place
