"""`configure` in a process of its own each time, since a process has one tracer provider."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

_PREAMBLE = """
import asyncio, logging
logging.basicConfig(level=logging.INFO)
import kelet_temporal as kelet
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.client import Client
from temporalio.contrib.opentelemetry import (
    OpenTelemetryInterceptor, OpenTelemetryPlugin, TracingInterceptor, create_tracer_provider)
from temporalio.worker import Interceptor, Worker, Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio import workflow, activity
exporter = InMemorySpanExporter()
memory = SimpleSpanProcessor(exporter)

@workflow.defn
class W:
    @workflow.run
    async def run(self): ...

def client(*plugins, interceptors=()):
    return Client(None, plugins=plugins, interceptors=list(interceptors))

def kinds(plugins, interceptors=(), worker_plugins=(), worker_interceptors=()):
    c = client(*plugins, interceptors=interceptors)
    inherited = [i for i in c.config(active_config=True)["interceptors"] if isinstance(i, Interceptor)]
    config = dict(client=c, workflows=[W], activities=[], interceptors=list(worker_interceptors),
                  plugins=list(worker_plugins), workflow_runner=SandboxedWorkflowRunner())
    for p in [*plugins, *worker_plugins]:
        config = p.configure_worker(config)
    return [type(i).__name__ for i in [*inherited, *config["interceptors"]]], config
"""


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KELET_", "OTEL_"))}
    return subprocess.run(
        [sys.executable, "-c", _PREAMBLE + script],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def check(script: str, **environment: str) -> str:
    done = run(script, **environment)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_without_a_key_it_warns_once_and_stays_out_of_the_way() -> None:
    logged = check("""
kelet.configure()
kelet.configure()
assert type(trace.get_tracer_provider()).__name__ == "ProxyTracerProvider"
names, _ = kinds([kelet.KeletPlugin()])
assert names == ["KeletInterceptor"], names
with kelet.agentic_session(session_id="s"):
    assert kelet.get_session_id() == "s"
try:
    kelet.configure(strict=True)
except ValueError as error:
    assert "KELET_API_KEY" in str(error)
else:
    raise SystemExit(1)
""")
    assert logged.count("no spans are sent") == 1


@pytest.mark.slow
def test_it_is_set_up_once_and_composes_in_either_order() -> None:
    check(
        """
kelet.configure(); kelet.configure()
provider = trace.get_tracer_provider()
assert len(provider._tracer_provider._active_span_processor._span_processors) == 1
ours, temporal = kelet.KeletPlugin(), OpenTelemetryPlugin()
once = ["KeletInterceptor", "OpenTelemetryInterceptor"]
assert kinds([ours])[0] == once
assert kinds([ours, temporal])[0] == once
assert kinds([temporal, ours])[0] == once
assert kinds([], worker_plugins=[ours])[0] == once
assert kinds([ours], worker_plugins=[temporal])[0] == once
assert kinds([ours], worker_interceptors=[OpenTelemetryInterceptor()])[0] == once
assert kinds([ours], interceptors=[TracingInterceptor()])[0] == ["KeletInterceptor", "TracingInterceptor"]
assert kinds([ours], worker_plugins=[kelet.KeletPlugin()])[0] == once
assert kinds([kelet.KeletPlugin(include_otel_plugin=False)])[0] == ["KeletInterceptor"]
_, config = kinds([ours], worker_plugins=[kelet.KeletPlugin()])
assert len(config["activities"]) == 1 and config["no_remote_activities"]
replayer = Replayer(workflows=[W], plugins=[ours])
assert [type(i).__name__ for i in replayer.config(active_config=True)["interceptors"]] == once
""",
        KELET_API_KEY="sk-1",
        KELET_API_URL="http://127.0.0.1:9/api",
        OTEL_BSP_EXPORT_TIMEOUT="1",
    )


@pytest.mark.slow
def test_a_provider_of_the_users_own_is_kept_and_stamped() -> None:
    check("""
provider = TracerProvider()
provider.add_span_processor(memory)
trace.set_tracer_provider(provider)
names, _ = kinds([kelet.KeletPlugin()])
assert names == ["KeletInterceptor", "TracingInterceptor"], names
with kelet.agentic_session(session_id="s"), trace.get_tracer("x").start_as_current_span("y"):
    pass
assert trace.get_tracer_provider() is provider
(span,) = exporter.get_finished_spans()
assert span.attributes["gen_ai.conversation.id"] == "s"
assert "kelet.project" not in span.attributes
""")
    check("""
provider = create_tracer_provider()
trace.set_tracer_provider(provider)
kelet.configure(span_processor=memory, project="p", strict=True)
assert trace.get_tracer_provider() is provider
assert kinds([kelet.KeletPlugin()])[0] == ["KeletInterceptor", "OpenTelemetryInterceptor"]
trace.get_tracer("x").start_span("y").end()
(span,) = exporter.get_finished_spans()
assert span.attributes["kelet.project"] == "p"
""")


@pytest.mark.slow
def test_a_collector_needs_no_key() -> None:
    check(
        """
kelet.configure(strict=True)
from kelet_temporal.settings import current_settings
assert current_settings().otlp_endpoint == "http://127.0.0.1:9"
try:
    kelet.configure(base_url="ftp://x", strict=True)
except ValueError:
    pass
else:
    raise SystemExit(1)
import os; os._exit(0)
""",
        KELET_OTLP_ENDPOINT="http://127.0.0.1:9",
    )


@pytest.mark.slow
def test_called_again_it_doubles_no_processor() -> None:
    check("""
further = InMemorySpanExporter()
more = [SimpleSpanProcessor(further)]
for _ in range(3):
    kelet.configure(span_processor=memory, additional_span_processors=more, strict=True)
trace.get_tracer("x").start_span("y").end()
assert len(exporter.get_finished_spans()) == len(further.get_finished_spans()) == 1
""")


@pytest.mark.slow
def test_a_process_with_nothing_but_a_client_has_its_spans_stamped() -> None:
    """A web server, say, whose provider exports by itself."""
    check("""
provider = TracerProvider()
provider.add_span_processor(memory)
trace.set_tracer_provider(provider)
client(kelet.KeletPlugin())
with kelet.agentic_session(session_id="s"), trace.get_tracer("x").start_as_current_span("y"):
    pass
(span,) = exporter.get_finished_spans()
assert span.attributes["gen_ai.conversation.id"] == "s"
""")


@pytest.mark.slow
def test_a_provider_of_another_make_will_do() -> None:
    """As Logfire's: a data class before one of the SDK's, hence unhashable and no subclass of it."""
    check("""
from dataclasses import dataclass

@dataclass
class Proxy(trace.TracerProvider):
    provider: TracerProvider
    def get_tracer(self, *args, **kwargs):
        return self.provider.get_tracer(*args, **kwargs)
    def add_span_processor(self, processor):
        self.provider.add_span_processor(processor)

trace.set_tracer_provider(Proxy(TracerProvider()))
for _ in range(2):
    kelet.configure(span_processor=memory, project="p", strict=True)
names, _ = kinds([kelet.KeletPlugin()])
assert names == ["KeletInterceptor", "TracingInterceptor"], names
with kelet.agentic_session(session_id="s"), trace.get_tracer("x").start_as_current_span("y"):
    pass
(span,) = exporter.get_finished_spans()
assert span.attributes["gen_ai.conversation.id"] == "s"
""")


@pytest.mark.slow
def test_a_provider_that_comes_after_the_worker_is_stamped_when_it_runs() -> None:
    check("""
ours = kelet.KeletPlugin()
kinds([ours])
provider = TracerProvider()
provider.add_span_processor(memory)
trace.set_tracer_provider(provider)

async def runs(_):
    with kelet.agentic_session(session_id="s"):
        trace.get_tracer("x").start_span("y").end()

asyncio.run(ours.run_worker(None, runs))
(span,) = exporter.get_finished_spans()
assert span.attributes["gen_ai.conversation.id"] == "s"
""")


_HOLE = """
import socket, threading, time
from kelet_temporal import plugin
plugin._FLUSH_SECONDS = 0.2
hole = socket.create_server(("127.0.0.1", 0), backlog=64)
kelet.configure(base_url=f"http://127.0.0.1:{hole.getsockname()[1]}", strict=True)
"""


@pytest.mark.slow
def test_flushing_to_a_sidecar_that_does_not_answer_ends_in_time() -> None:
    """It takes the connection and says nothing; neither `flush` nor the end of the loop waits."""
    check(
        _HOLE
        + """
trace.get_tracer("x").start_span("y").end()
began = time.monotonic()
assert kelet.flush(200) is False

async def runs(_):
    pass

asyncio.run(kelet.KeletPlugin().run_worker(None, runs))
took = time.monotonic() - began
assert took < 5, took
import os; os._exit(0)
""",
        KELET_API_KEY="sk-1",
    )


@pytest.mark.slow
def test_the_end_of_the_process_waits_for_one_batch_at_most() -> None:
    logged = check(
        _HOLE
        + """
for _ in range(2000):
    trace.get_tracer("x").start_span("y").end()
""",
        KELET_API_KEY="sk-1",
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
        OTEL_BSP_SCHEDULE_DELAY="60000",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="100",
    )
    failed = re.findall(r"Failed to export|Exception while exporting", logged)
    assert 1 <= len(failed) <= 2, logged
