"""OpenLIT for OpenAI's client; the session is on a span of the app."""

from typing import Any

import openlit
from openai import OpenAI
from openai_loop import Unmarked, chat_scene, responses_scene
from support_chat import MODELS, SERVICE, USER, VARIANT, hold, tracer_provider

provider = tracer_provider()
openlit.init(application_name=SERVICE, disable_metrics=True, disable_events=True)
tracer = provider.get_tracer("support")
client = OpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0)


def scene(each: dict[str, Any]) -> None:
    with tracer.start_as_current_span("support") as span:
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        (responses_scene if VARIANT == "responses" else chat_scene)(client, Unmarked(), each)


hold(scene)
provider.shutdown()
