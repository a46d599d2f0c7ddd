"""A Temporal application in two processes, each with either SDK: `interop_app.py ROLE SDK ADDRESS URL`.

In: role (client, worker), SDK (ours, original), Temporal's address, the sidecar's URL. Out: spans and
signals over HTTP. Next: `test_plugin_http` reads them back from the store. A worker ends with its stdin.
"""

import asyncio
import dataclasses
import importlib
import sys
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

with workflow.unsafe.imports_passed_through():
    from opentelemetry import trace

QUEUE = "interop"
SDKS = {"ours": "kelet_temporal", "original": "kelet"}


@workflow.defn
class Talk:
    @workflow.run
    async def run(self) -> str:
        timeout = timedelta(seconds=20)
        return await workflow.execute_activity("think", start_to_close_timeout=timeout)


def think_of(sdk: Any) -> Any:
    @activity.defn(name="think")
    async def think() -> str:
        with (
            sdk.agent(name="planner"),
            trace.get_tracer("app").start_as_current_span("think"),
        ):
            await thumbs(sdk, "from the worker")
            return str(sdk.get_session_id())

    return think


async def thumbs(sdk: Any, trigger: str) -> None:
    await sdk.signal(
        kind=sdk.SignalKind.FEEDBACK,
        source=sdk.SignalSource.HUMAN,
        score=1.0,
        trigger_name=trigger,
        raise_on_failure=True,
    )


async def connect(name: str, sdk: Any, address: str) -> Client:
    if name == "ours":
        return await Client.connect(address, plugins=[sdk.KeletPlugin()])
    return await Client.connect(address, interceptors=[sdk.KeletInterceptor()])


async def ask(client: Client, sdk: Any) -> None:
    with (
        sdk.agentic_session(session_id="chat-1", user_id="u-1", plan="free"),
        trace.get_tracer("app").start_as_current_span("ask"),
    ):
        answer: str = await client.execute_workflow(Talk.run, id="talk", task_queue=QUEUE)
        await thumbs(sdk, "from the client")
    assert answer == "chat-1", answer


async def work(client: Client, sdk: Any) -> None:
    restrictions = dataclasses.replace(SandboxRestrictions.default)
    runner = SandboxedWorkflowRunner(restrictions=restrictions.with_passthrough_modules("kelet"))
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[Talk],
        activities=[think_of(sdk)],
        workflow_runner=runner,
    ):
        await asyncio.to_thread(sys.stdin.read)


async def main(role: str, name: str, address: str, url: str) -> None:
    sdk = importlib.import_module(SDKS[name])
    sdk.configure(api_key="sk-any", project="shop", base_url=url, strict=True)
    client = await connect(name, sdk, address)
    await (ask if role == "client" else work)(client, sdk)
    sdk.shutdown()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
