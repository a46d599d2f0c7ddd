"""Record the histories that `test_plugin_replay` replays: `python plugin/tests/record_histories.py`.

In: the application of `kelet_app` on a Temporal dev server of its own. Out: `histories/*.json`, one
a run. Record anew only when the plugin changes what it puts into a history on purpose.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import kelet_temporal as kelet
from kelet_app import ACTIVITIES, WORKFLOWS, Everything, Listener, Plan
from kelet_stage import dev_server
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

HISTORIES = Path(__file__).with_name("histories")


async def record(address: str) -> None:
    plugin = kelet.KeletPlugin(auto_session=True)
    client = await Client.connect(address, plugins=[plugin], identity="recorded")
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            client,
            task_queue="recorded",
            workflows=WORKFLOWS,
            activities=ACTIVITIES,
            activity_executor=threads,
        ):
            for name, session in (("given", "chat-1"), ("derived", None)):
                await _walk(client, name, session)
    HISTORIES.mkdir(exist_ok=True)
    async for run in client.list_workflows():
        handle = client.get_workflow_handle(run.id, run_id=run.run_id)
        history = await handle.fetch_history()
        order = "first" if run.run_id == await _first(client, run.id) else "last"
        (HISTORIES / f"{run.id}-{order}.json").write_text(_portable(history.to_json()))


async def _walk(client: Client, name: str, session: str | None) -> None:
    listener = f"listener-{name}"
    await client.start_workflow(Listener.run, id=listener, task_queue="recorded")
    if session:
        with kelet.agentic_session(session_id=session, user_id="u-1", channel="web"):
            handle = await _start(client, name, listener)
    else:
        handle = await _start(client, name, listener)
    await handle.execute_update("ask")
    await handle.signal("release")
    await handle.result()


async def _start(client: Client, name: str, listener: str) -> WorkflowHandle[Any, Any]:
    return await client.start_workflow(
        Everything.run, Plan(listener), id=f"everything-{name}", task_queue="recorded"
    )


async def _first(client: Client, workflow_id: str) -> str:
    runs = [r async for r in client.list_workflows(f"WorkflowId = '{workflow_id}'")]
    return min(runs, key=lambda run: run.start_time).run_id


def _portable(history: str) -> str:
    """Stack traces name files from the root of the repository on."""
    return history.replace(f"{HISTORIES.parents[2]}/", "") + "\n"


if __name__ == "__main__":
    with dev_server() as address:
        asyncio.run(record(address))
