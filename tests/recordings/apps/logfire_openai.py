"""Pydantic Logfire for OpenAI's client; the conversation is on a span of the app.

Its scrubbing takes `session.id` for a secret and writes "[Scrubbed due to 'session']" in its place.
"""

from typing import Any

import logfire
from openai import OpenAI
from openai_loop import Unmarked, chat_scene, responses_scene
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from support_chat import MODELS, SERVICE, TRACES, USER, VARIANT, hold

exporter = BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{TRACES}/v1/traces"))
logfire.configure(
    service_name=SERVICE,
    send_to_logfire=False,
    console=False,
    additional_span_processors=[exporter],
)
client = OpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0)
logfire.instrument_openai(client)


def scene(each: dict[str, Any]) -> None:
    known = {"gen_ai.conversation.id": each["session"], "user.id": USER}
    with logfire.span("support", **known):
        (responses_scene if VARIANT == "responses" else chat_scene)(client, Unmarked(), each)


hold(scene)
logfire.shutdown()
