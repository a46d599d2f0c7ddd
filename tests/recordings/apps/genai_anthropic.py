"""OpenTelemetry's own instrumentation of Anthropic's client; the session is on a span of the app."""

from typing import Any

import anthropic_loop
from anthropic import Anthropic
from openai_loop import Unmarked
from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor
from support_chat import MODELS, USER, hold, logger_provider, tracer_provider

provider, logs = tracer_provider(), logger_provider()
AnthropicInstrumentor().instrument(tracer_provider=provider, logger_provider=logs)
tracer = provider.get_tracer("support")
client = Anthropic(base_url=MODELS, api_key="none", max_retries=0)


def scene(each: dict[str, Any]) -> None:
    with tracer.start_as_current_span("support") as span:
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        anthropic_loop.scene(client, Unmarked(), each)


hold(scene)
provider.shutdown()
logs.shutdown()
