"""Activities of every make are in their session: async and sync, methods, objects, other processes."""

from __future__ import annotations

import multiprocessing
import uuid
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import kelet_temporal as kelet
import pytest
from kelet_small import Ask, Tell
from kelet_stage import SignalDoor, Spans
from kelet_temporal.settings import resolve_settings, set_settings
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import SharedStateManager, Worker

pytestmark = pytest.mark.slow

Seen = tuple[str | None, str | None, int]


def seen() -> Seen:
    return kelet.get_session_id(), kelet.get_agent_name(), activity.info().attempt


@activity.defn
def who_sync() -> Seen:
    return seen()


@activity.defn
@kelet.agent(name="named")
def who_decorated() -> Seen:
    return seen()


@activity.defn
def tell_twice() -> None:
    for _ in range(2):
        kelet.signal_sync("event", "synthetic", trigger_name="told")


def configured(url: str) -> None:
    set_settings(resolve_settings(api_key="sk", project="app", base_url=url))


class Bound:
    @activity.defn
    async def who_bound(self) -> Seen:
        return seen()


class Caller:
    async def __call__(self) -> Seen:
        return seen()


async def ask(address: str, executor: Executor, activities: list[Any], names: list[str]) -> Any:
    client = await Client.connect(address, plugins=[kelet.KeletPlugin()])
    queue = f"ask-{uuid.uuid4().hex}"
    options: dict[str, Any] = {}
    if isinstance(executor, ProcessPoolExecutor):
        options["shared_state_manager"] = SharedStateManager.create_from_multiprocessing(
            multiprocessing.get_context("spawn").Manager()
        )
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Ask],
        activities=activities,
        activity_executor=executor,
        **options,
    ):
        with kelet.agentic_session(session_id="chat-1"):
            return await client.execute_workflow(Ask.run, names, id=queue, task_queue=queue)


async def test_functions_methods_and_objects(temporal_server: str, spans: Spans) -> None:
    instance = activity.defn(name="who_called")(Caller())
    activities = [who_sync, who_decorated, Bound().who_bound, instance]
    with ThreadPoolExecutor(2) as threads:
        found = await ask(
            temporal_server,
            threads,
            activities,
            ["who_sync", "who_decorated", "who_bound", "who_called"],
        )
    asked = ["chat-1", "asker", 1]
    assert found == [asked, ["chat-1", "named", 1], asked, asked]


async def test_another_process(temporal_server: str, spans: Spans) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        found = await ask(temporal_server, processes, [who_sync], ["who_sync"])
    assert found == [["chat-1", "asker", 1]]


async def test_signals_alike_of_one_activity_are_two(
    temporal_server: str, spans: Spans, door: SignalDoor
) -> None:
    """Also in a pool's process; those of another run of the same activity are others again."""
    context = multiprocessing.get_context("spawn")
    with (
        ThreadPoolExecutor(2) as threads,
        ProcessPoolExecutor(1, context, configured, (door.url,)) as processes,
    ):
        for executor in (threads, processes):
            door.received.clear()
            await ask(temporal_server, executor, [tell_twice], ["tell_twice"])
            assert len({key for _, key, _ in door.received}) == 2
    door.received.clear()
    client = await Client.connect(temporal_server, plugins=[kelet.KeletPlugin()])
    queue = f"alone-{uuid.uuid4().hex}"
    with ThreadPoolExecutor(2) as threads, kelet.agentic_session(session_id="chat-1"):
        async with Worker(
            client, task_queue=queue, activities=[tell_twice], activity_executor=threads
        ):
            for _ in range(2):
                await client.execute_activity(
                    tell_twice,
                    id=queue,
                    task_queue=queue,
                    start_to_close_timeout=timedelta(seconds=30),
                )
    assert len({key for _, key, _ in door.received}) == 4


@pytest.mark.parametrize(
    ("mode", "loud", "fails"),
    [("swallow", False, False), ("swallow", True, True), ("raise", False, True)],
)
async def test_a_refused_signal_fails_its_workflow_only_on_request(
    temporal_server: str, spans: Spans, door: SignalDoor, mode: Any, loud: bool, fails: bool
) -> None:
    set_settings(
        resolve_settings(
            api_key="sk",
            project="app",
            base_url=door.url,
            otlp_endpoint=None,
            signal_failure_mode=mode,
        )
    )
    door.answers = [403]
    client = await Client.connect(temporal_server, plugins=[kelet.KeletPlugin()])
    queue = f"tell-{uuid.uuid4().hex}"
    async with Worker(client, task_queue=queue, workflows=[Tell]):
        with kelet.agentic_session(session_id="chat-1"):
            telling = client.execute_workflow(Tell.run, loud, id=queue, task_queue=queue)
            if not fails:
                assert await telling == "told"
                assert door.received[0][2]["metadata"]["odd"] == "{1}"
                return
            with pytest.raises(WorkflowFailureError) as raised:
                await telling
    cause = raised.value.cause
    cause = cause.cause if isinstance(cause, ActivityError) else cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "SignalNotSent"


def test_a_processor_for_a_provider_of_ones_own(spans: Spans) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(kelet.SessionStamper(SimpleSpanProcessor(exporter)))
    with kelet.agentic_session(session_id="s"):
        provider.get_tracer("app").start_span("work").end()
    (drawn,) = exporter.get_finished_spans()
    assert (drawn.attributes or {})["gen_ai.conversation.id"] == "s"


def test_further_processors_get_the_session_too(spans: Spans) -> None:
    exporter = InMemorySpanExporter()
    kelet.configure(
        span_processor=SimpleSpanProcessor(InMemorySpanExporter()),
        additional_span_processors=[SimpleSpanProcessor(exporter)],
        strict=True,
    )
    with kelet.agentic_session(session_id="s"):
        trace.get_tracer("app").start_span("work").end()
    (drawn,) = exporter.get_finished_spans()
    assert (drawn.attributes or {})["gen_ai.conversation.id"] == "s"
