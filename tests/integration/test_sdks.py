"""Real SDKs pointed at the sidecar's base URL: the `kelet` SDK from its wheel, and OpenTelemetry's own.

Each runs in a process of its own, as an application would, with all warnings as errors it may log.
"""

import asyncio
import sys
from pathlib import Path

import pytest

from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.integration.edge import running

pytestmark = pytest.mark.slow

KELET = """
import asyncio, sys
import kelet
from opentelemetry import trace

kelet.configure(api_key=sys.argv[2], project="shop", base_url=sys.argv[1])

async def main():
    with kelet.agentic_session(session_id="chat-1", user_id="u-1"):
        with kelet.agent(name="planner"):
            with trace.get_tracer("app").start_as_current_span("think"):
                pass
        await kelet.signal(
            kind=kelet.SignalKind.FEEDBACK, source=kelet.SignalSource.HUMAN, score=0.0,
            trigger_name="thumbs", raise_on_failure=True,
        )

asyncio.run(main())
kelet.shutdown()
"""

REASONING = """
import sys
import kelet
from kelet._integrations.claude_agent_sdk import _instrumentor, _reasoning_observer as observer

kelet.configure(api_key=sys.argv[2], project="shop", base_url=sys.argv[1])
provider = _instrumentor.ClaudeAgentSDKInstrumentor()._build_default_provider()
observer.set_logger(observer.logger_from_provider(provider))

class Block:
    thinking, signature = "first I look at the order", "sig"

class Message:
    content, message_id, session_id = [Block()], "msg_1", "chat-2"

observer._emit_reasoning(Message(), None)
provider.force_flush()
provider.shutdown()
"""

OPENTELEMETRY = """
import logging, warnings
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

resource = Resource({"service.name": "app", "kelet.project": "shop"})
tracing = TracerProvider(resource=resource)
tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
with tracing.get_tracer("app").start_as_current_span("chat", attributes={"session.id": "chat-3"}):
    pass
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
logs.get_logger("app").emit(body="a log that is none of ours")
metrics = MeterProvider(
    resource=resource, metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())]
)
metrics.get_meter("app").create_counter("calls").add(1)
for provider in (tracing, logs, metrics):
    provider.force_flush()
    provider.shutdown()
"""


async def run(program: str, *arguments: str, **environment: str) -> str:
    """Run it to its end; what it says on stderr, but for what it could not instrument."""
    clean = {"PATH": "/usr/bin:/bin", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        *arguments,
        env=clean | environment,
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, told.decode()
    lines = told.decode().splitlines()
    return "\n".join(line for line in lines if "nothing can be instrumented" not in line)


async def test_the_kelet_sdk(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge:
            base = f"http://127.0.0.1:{edge.http_port}"
            assert await run(KELET, base, "sk-any") == ""
            assert await run(REASONING, base, "sk-any") == ""
            assert edge.metrics["requests_refused"] == 0
        chat = SessionKey.of("shop", "chat-1")
        spans = store.load_spans(chat).spans
        assert {s.attributes["gen_ai.conversation.id"] for s in spans} == {"chat-1"}
        assert {s.attributes.get("gen_ai.agent.name") for s in spans} >= {"planner"}
        (signal,) = store.load_signals(chat)
        assert (signal.kind, signal.source, signal.score) == ("feedback", "human", 0.0)
        (thought,) = store.load_spans(SessionKey.of("shop", "chat-2")).spans
        assert thought.name == "kelet.reasoning"
        assert thought.attributes["reasoning.text"] == "first I look at the order"
        assert thought.attributes["reasoning.message_id"] == "msg_1"


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
async def test_opentelemetry_at_the_base_url(tmp_path: Path, compression: str) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge:
            told = await run(
                OPENTELEMETRY,
                OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{edge.http_port}",
                OTEL_EXPORTER_OTLP_COMPRESSION=compression,
            )
            counts = edge.metrics.sums()
        assert told == ""
        assert "requests_refused" not in counts
        assert counts["logs_discarded"] == 1
        assert counts["metrics_discarded"] >= 1
        assert len(store.load_spans(SessionKey.of("shop", "chat-3")).spans) == 1
