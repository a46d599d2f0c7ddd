"""The same small support chat for every library: its texts, its tool, and the loop over its scenes.

In: chat.json, the addresses in the environment. Out: what an app needs to hold the chat. Next: each
app says with its library how agents, tools and sessions are traced.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

CHAT: dict[str, Any] = json.loads((Path(__file__).parent / "chat.json").read_text())
AGENTS: dict[str, str] = CHAT["agents"]
SCENES: list[dict[str, Any]] = CHAT["scenes"]
TOOL: dict[str, Any] = CHAT["tool"]
USER: str = CHAT["user"]
SERVICE: str = CHAT["service"]

MODELS = os.environ.get("SCRIPTED_MODELS", "")
"""Where the scripted models listen, without a path."""
TRACES = os.environ.get("RECORDED_TRACES", "")
"""Where spans are captured, without a path."""
VARIANT = sys.argv[1] if len(sys.argv) > 1 else ""

GPT, CLAUDE, GEMINI = "gpt-4.1-mini", "claude-sonnet-4-5", "gemini-2.5-flash"


def look_up_order(order_id: str) -> str:
    """Where an order is and when it arrives."""
    return CHAT["orders"][order_id]


def openai_tool() -> dict[str, Any]:
    """The tool as the chat completions API takes it."""
    return {"type": "function", "function": TOOL}


def hold(scene: Callable[[dict[str, Any]], object], only: Sequence[str] = ()) -> None:
    """Hold the scenes one after the other. The scene `error` is meant to fail; some libraries make an
    exception of a refusal."""
    for each in SCENES:
        if only and each["name"] not in only:
            continue
        try:
            scene(each)
        except Exception as error:
            if each["name"] not in ("error", "refusal"):
                raise
            print(f"as meant, the model failed: {type(error).__name__}", file=sys.stderr)


def tracer_provider() -> Any:
    """An OpenTelemetry SDK that sends its spans to the recorder, a batch at the end."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    exporter = OTLPSpanExporter(endpoint=f"{TRACES}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def logger_provider() -> Any:
    """The same for log records, where a library keeps the messages in them."""
    from opentelemetry import _logs
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(resource=Resource.create({"service.name": SERVICE}))
    exporter = OTLPLogExporter(endpoint=f"{TRACES}/v1/logs")
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    _logs.set_logger_provider(provider)
    return provider
