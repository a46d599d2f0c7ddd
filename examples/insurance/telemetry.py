"""OpenTelemetry for the application: an ordinary tracer, and the spans of an agent and its model.

In: where to send spans. Out: a tracer provider, `agent_span`, `record_chat`. Next: `agents` wraps
its work in them; the spans follow the GenAI semantic conventions.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, Tracer

from examples.insurance.model import MODEL_NAME, Completion

PROJECT = "insurance-claims"
PROVIDER_NAME = "northgate"


def build_tracer_provider(exporter: SpanExporter) -> TracerProvider:
    """A tracer provider that names the project on its resource."""
    resource = Resource.create(
        {"service.name": "insurance-claims-worker", "kelet.project": PROJECT}
    )
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    return provider


def otlp_exporter(endpoint: str) -> SpanExporter:
    """OTLP over gRPC, as to any Collector."""
    return OTLPSpanExporter(endpoint=endpoint, insecure=True)


@contextmanager
def agent_span(tracer: Tracer, agent: str, session_id: str, user_id: str) -> Generator[Span]:
    """`invoke_agent <name>` around one agent's work."""
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": PROVIDER_NAME,
        "gen_ai.agent.name": agent,
        "gen_ai.conversation.id": session_id,
        "user.id": user_id,
    }
    with tracer.start_as_current_span(f"invoke_agent {agent}", attributes=attributes) as span:
        yield span


@contextmanager
def chat_span(tracer: Tracer, session_id: str) -> Generator[Span]:
    """`chat <model>` around one call of the model."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": PROVIDER_NAME,
        "gen_ai.request.model": MODEL_NAME,
        "gen_ai.conversation.id": session_id,
    }
    name = f"chat {MODEL_NAME}"
    with tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes) as span:
        yield span


def record_chat(span: Span, system: str, user: str, answer: Completion) -> None:
    """Content and usage on the chat span, messages as JSON strings."""
    span.set_attributes(
        {
            "gen_ai.system_instructions": json.dumps([_text(system)]),
            "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [_text(user)]}]),
            "gen_ai.output.messages": json.dumps(
                [{"role": "assistant", "parts": [_text(answer.text)], "finish_reason": "stop"}]
            ),
            "gen_ai.response.model": answer.model,
            "gen_ai.response.id": answer.response_id,
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.usage.input_tokens": answer.input_tokens,
            "gen_ai.usage.output_tokens": answer.output_tokens,
        }
    )


def _text(content: str) -> dict[str, str]:
    return {"type": "text", "content": content}
