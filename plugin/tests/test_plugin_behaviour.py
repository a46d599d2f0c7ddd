"""What user code does when it raises, is cancelled, times out or is retried: the same with and
without the plugin, also with a provider that is safe under replay and Temporal's spans on."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import kelet_temporal as kelet
import pytest
from kelet_misfortunes import ACTIVITIES, HAPPENINGS, WORKFLOWS, DeskHandler, Misfortune, Victim
from kelet_stage import Spans
from kelet_walk import nexus_endpoint
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError
from temporalio.worker import Worker

pytestmark = pytest.mark.slow

PLUGINS = {
    "without": None,
    "with": kelet.KeletPlugin(),
    "with spans": kelet.KeletPlugin(add_temporal_spans=True),
}


def chain(error: BaseException | None, queue: str) -> list[tuple[Any, ...]]:
    """Everything of a failure that a caller can act on."""
    links: list[tuple[Any, ...]] = []
    names = ("type", "non_retryable", "details", "retry_state", "category", "next_retry_delay")
    while error is not None:
        told = str(error).replace(queue, "queue")
        acted_on = [getattr(error, name, None) for name in names]
        links.append((type(error).__name__, told, *acted_on))
        error = error.cause if isinstance(error, FailureError) else error.__cause__
    return links


async def happen(client: Client, queue: str, happening: str) -> str:
    """Bring one misfortune about; what the caller sees of it."""
    way, deed = happening.split()
    if way in ("workflow", "message"):
        return await _to_a_victim(client, queue, deed)
    handle = await client.start_workflow(
        Misfortune.run, args=[way, deed, queue], id=f"{queue}-{happening}", task_queue=queue
    )
    if deed == "later":
        await _complete_later(client, handle)
    return await handle.result()


async def _to_a_victim(client: Client, queue: str, deed: str) -> str:
    handle = await client.start_workflow(
        Victim.run,
        deed,
        id=f"{queue}-victim-{deed}",
        task_queue=queue,
        execution_timeout=timedelta(seconds=1) if deed == "timeout" else timedelta(seconds=30),
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=20), maximum_attempts=3)
        if deed == "retried"
        else None,
    )
    match deed:
        case "cancel":
            await handle.cancel()
        case "terminate":
            await handle.terminate("enough")
        case "signal":
            await handle.signal(Victim.fail)
        case "query":
            await handle.query(Victim.ask)
        case "unknown":
            await handle.query("nothing of that name")
        case "update" | "validator":
            await handle.execute_update(Victim.change, deed)
        case _:
            pass
    return await handle.result()


async def _complete_later(client: Client, handle: WorkflowHandle[Any, Any]) -> None:
    """As another process would, once the activity has said that it will not."""
    for _ in range(100):
        pending = (await handle.describe()).raw_description.pending_activities
        if pending and pending[0].attempt and pending[0].HasField("last_started_time"):
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    activity_id = pending[0].activity_id  # pyright: ignore[reportPossiblyUnboundVariable]
    later = client.get_async_activity_handle(
        workflow_id=handle.id, run_id=handle.result_run_id, activity_id=activity_id
    )
    await later.complete("completed by another")


async def outcomes(client: Client) -> dict[str, Any]:
    """What became of every misfortune, all at once."""
    queue = f"misfortune-{uuid.uuid4().hex}"
    await nexus_endpoint(client, queue)

    async def outcome(happening: str) -> Any:
        try:
            with kelet.agentic_session(session_id=happening):
                return await asyncio.wait_for(happen(client, queue, happening), 40)
        except Exception as error:
            return chain(error, queue)

    with ThreadPoolExecutor(8) as threads:
        async with Worker(
            client,
            task_queue=queue,
            workflows=WORKFLOWS,
            activities=ACTIVITIES,
            nexus_service_handlers=[DeskHandler()],
            activity_executor=threads,
        ):
            found = await asyncio.gather(*(outcome(happening) for happening in HAPPENINGS))
    return dict(zip(HAPPENINGS, found, strict=True))


async def test_the_same_with_and_without(temporal_server: str, spans: Spans) -> None:
    found: dict[str, dict[str, Any]] = {}
    for name, plugin in PLUGINS.items():
        plugins = [plugin] if plugin else []
        found[name] = await outcomes(await Client.connect(temporal_server, plugins=plugins))
    without = found["without"]
    assert without["async retried"] == without["local retried"] == "retried 3"
    assert without["async later"] == "completed by another"
    assert without["async stubborn"] == "ended well"
    well = {name for name, outcome in without.items() if isinstance(outcome, str)}
    assert len(well) == 6, well
    assert not any(outcome[0][0] == "TimeoutError" for outcome in without.values())
    for happening in HAPPENINGS:
        assert found["with"][happening] == without[happening], happening
        assert found["with spans"][happening] == without[happening], happening


async def test_temporals_own_spans_carry_the_session_too(
    temporal_server: str, spans: Spans
) -> None:
    plugin = kelet.KeletPlugin(add_temporal_spans=True)
    await outcomes(await Client.connect(temporal_server, plugins=[plugin]))
    for name in (
        "StartWorkflow:Misfortune",
        "RunWorkflow:Misfortune",
        "RunActivity:do_async",
        "RunActivity:do_in_thread",
        "RunStartNexusOperationHandler:Desk/handle",
    ):
        drawn = spans.named(name)
        assert drawn, name
        assert all("gen_ai.conversation.id" in attributes for attributes in drawn), name
    runs = spans.named("RunActivity:do_async")
    assert {attributes["temporal.activity_type"] for attributes in runs} == {"do_async"}
    assert {attributes["temporal.attempt"] for attributes in runs} == {1, 2, 3}
