"""The support chat as a Temporal workflow, its agents as activities; a real development server.

The variant is the plugin: Temporal's own OpenTelemetryPlugin (`plugin`), or ours on top of it
(`kelet`). The first attempt at looking up orders breaks after the model has answered.
"""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin, create_tracer_provider
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import kelet_temporal as kelet
    from openai import OpenAI
    from openai_loop import chat_scene
    from openinference.instrumentation import OITracer, TraceConfig
    from openinference.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from support_chat import MODELS, SERVICE, TRACES, USER, VARIANT, hold

QUEUE = "support"
OURS = VARIANT == "kelet"


class Marks:
    """The activity is the agent; with our plugin it also says its name."""

    def agent(self, name: str, said: str, work: Callable[[str], str]) -> str:
        if not OURS:
            return work(said)
        with kelet.agent(name=name):
            return work(said)

    def tool(self, name: str, arguments: dict[str, Any], work: Callable[..., str]) -> str:
        tracer = OITracer(trace.get_tracer("support"), TraceConfig())
        with tracer.start_as_current_span(name, openinference_span_kind="tool") as span:
            span.set_input(json.dumps(arguments), mime_type="application/json")
            span.set_attribute("tool.name", name)
            result = work(**arguments)
            span.set_output(result)
            return result


class Breaking(Marks):
    def tool(self, name: str, arguments: dict[str, Any], work: Callable[..., str]) -> str:
        raise ApplicationError("the connection to the warehouse broke")


def ask(agent: str, scene: dict[str, Any]) -> None:
    lost = scene["name"] == "tools" and agent == "orders" and activity.info().attempt == 1
    headers = {"x-scripted-lost": "1"} if lost else {}
    client = OpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0, default_headers=headers)
    chat_scene(client, Breaking() if lost else Marks(), {**scene, "agents": [agent]})


@activity.defn
def triage(scene: dict[str, Any]) -> None:
    ask("triage", scene)


@activity.defn
def orders(scene: dict[str, Any]) -> None:
    ask("orders", scene)


@workflow.defn
class Support:
    @workflow.run
    async def run(self, scene: dict[str, Any]) -> None:
        attempts = 1 if scene["name"] == "error" else 3
        for name in scene["agents"]:
            await workflow.execute_activity(
                name,
                scene,
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(milliseconds=50), maximum_attempts=attempts
                ),
            )


def traced() -> list[Any]:
    if OURS:
        resource = Resource.create({"service.name": SERVICE})
        kelet.configure(
            api_key="sk-scripted", project="support", base_url=TRACES, resource=resource
        )
        return [kelet.KeletPlugin(add_temporal_spans=True)]
    provider = create_tracer_provider(resource=Resource.create({"service.name": SERVICE}))
    exporter = OTLPSpanExporter(endpoint=f"{TRACES}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return [OpenTelemetryPlugin(add_temporal_spans=True)]


async def scene(client: Client, each: dict[str, Any]) -> None:
    run = client.execute_workflow(Support.run, each, id=each["session"], task_queue=QUEUE)
    if OURS:
        with kelet.agentic_session(session_id=each["session"], user_id=USER):
            await run
        return
    with trace.get_tracer("support").start_as_current_span("support") as span:
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        await run


def server(port: int) -> subprocess.Popen[bytes]:
    binary = Path(sys.executable).parent / "temporal"
    command = [str(binary), "server", "start-dev", "--ip", "127.0.0.1", "--headless"]
    return subprocess.Popen([*command, "--port", str(port), "--log-level", "error"])


async def connect(port: int, plugins: list[Any]) -> Client:
    for _ in range(300):
        try:
            return await Client.connect(f"127.0.0.1:{port}", plugins=plugins)
        except RuntimeError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the Temporal server did not start")


async def main(port: int) -> None:
    plugins = traced()
    OpenAIInstrumentor().instrument(tracer_provider=trace.get_tracer_provider())
    client = await connect(port, plugins)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(4) as pool:
        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[Support],
            activities=[triage, orders],
            activity_executor=pool,
        )
        async with worker:
            await asyncio.to_thread(
                hold,
                lambda each: asyncio.run_coroutine_threadsafe(scene(client, each), loop).result(),
            )
    kelet.shutdown() if OURS else trace.get_tracer_provider().shutdown()


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        chosen = free.getsockname()[1]
    process = server(chosen)
    try:
        asyncio.run(main(chosen))
    finally:
        process.kill()
