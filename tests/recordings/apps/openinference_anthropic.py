"""OpenInference for Anthropic's client; agents and tools by its own tracer."""

import json
from collections.abc import Callable
from typing import Any

import anthropic_loop
from anthropic import Anthropic
from openinference.instrumentation import OITracer, TraceConfig, using_attributes
from openinference.instrumentation.anthropic import AnthropicInstrumentor
from support_chat import MODELS, USER, hold, tracer_provider

provider = tracer_provider()
AnthropicInstrumentor().instrument(tracer_provider=provider)
tracer = OITracer(provider.get_tracer("support"), TraceConfig())
client = Anthropic(base_url=MODELS, api_key="none", max_retries=0)


class Marks:
    def agent(self, name: str, said: str, work: Callable[[str], str]) -> str:
        with tracer.start_as_current_span(name, openinference_span_kind="agent") as span:
            span.set_attribute("agent.name", name)
            span.set_input(said)
            answer = work(said)
            span.set_output(answer)
            return answer

    def tool(self, name: str, arguments: dict[str, Any], work: Callable[..., str]) -> str:
        with tracer.start_as_current_span(name, openinference_span_kind="tool") as span:
            span.set_input(json.dumps(arguments), mime_type="application/json")
            span.set_attribute("tool.name", name)
            result = work(**arguments)
            span.set_output(result)
            return result


def scene(each: dict[str, Any]) -> None:
    with (
        using_attributes(session_id=each["session"], user_id=USER),
        tracer.start_as_current_span("support", openinference_span_kind="chain"),
    ):
        anthropic_loop.scene(client, Marks(), each)


hold(scene)
provider.shutdown()
