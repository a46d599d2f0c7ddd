"""The successor of openai_v2; the session is on a span of the app."""

from typing import Any

from openai import OpenAI
from openai_loop import Unmarked, chat_scene, responses_scene
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
from support_chat import MODELS, USER, VARIANT, hold, logger_provider, tracer_provider

provider, logs = tracer_provider(), logger_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider, logger_provider=logs)
tracer = provider.get_tracer("support")
client = OpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0)


def scene(each: dict[str, Any]) -> None:
    with tracer.start_as_current_span("support") as span:
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        (responses_scene if VARIANT == "responses" else chat_scene)(client, Unmarked(), each)


hold(scene)
provider.shutdown()
logs.shutdown()
