"""Telemetry of the application: the plugin, and the one span that only the application knows of.

In: where the sidecar is. Out: `configure`, `chat_span`, `record_chat`. Next: `agents` draws a span
around each call of its model; session, agent and project come from the plugin.
"""

import json
import os
from contextlib import AbstractContextManager

import kelet_temporal as kelet
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import Span, SpanKind, get_tracer
from opentelemetry.util.types import AttributeValue

from examples.insurance.model import MODEL_NAME, Completion

PROJECT = "insurance-claims"
PROVIDER_NAME = "northgate"


def configure(endpoint: str, http_url: str) -> None:
    """Spans to an OTLP/gRPC endpoint, a Collector's or the sidecar's; signals to the sidecar."""
    os.environ.setdefault("OTEL_BSP_SCHEDULE_DELAY", "500")
    kelet.configure(
        project=PROJECT,
        otlp_endpoint=f"http://{endpoint}",
        base_url=http_url,
        resource=Resource.create({"service.name": "insurance-claims-worker"}),
        strict=True,
    )


def chat_span() -> AbstractContextManager[Span]:
    """`chat <model>`, for one call of the model."""
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": PROVIDER_NAME,
        "gen_ai.request.model": MODEL_NAME,
    }
    return get_tracer("examples.insurance").start_as_current_span(
        f"chat {MODEL_NAME}", kind=SpanKind.CLIENT, attributes=attributes
    )


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
