"""OpenTelemetry's own instrumentation of Google's client; the session is on a span of the app."""

from typing import Any

from google import genai
from google.genai import types
from opentelemetry.instrumentation.google_genai import GoogleGenAiSdkInstrumentor
from support_chat import (
    AGENTS,
    GEMINI,
    MODELS,
    USER,
    hold,
    logger_provider,
    look_up_order,
    tracer_provider,
)

provider, logs = tracer_provider(), logger_provider()
GoogleGenAiSdkInstrumentor().instrument(tracer_provider=provider, logger_provider=logs)
tracer = provider.get_tracer("support")
client = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=MODELS))


def talk(agent: str, said: str, streamed: bool) -> None:
    """The app runs the tools: where the client does, two requests are drawn as one span."""
    asked = types.GenerateContentConfig(
        system_instruction=AGENTS[agent],
        tools=[look_up_order] if agent == "orders" else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    contents: list[Any] = [types.Content(role="user", parts=[types.Part(text=said)])]
    if streamed:
        for _ in client.models.generate_content_stream(
            model=GEMINI, contents=contents, config=asked
        ):
            pass
        return
    while True:
        reply = client.models.generate_content(model=GEMINI, contents=contents, config=asked)
        if not reply.function_calls:
            return
        contents.append(reply.candidates[0].content)
        parts = [
            types.Part.from_function_response(
                name=call.name, response={"result": look_up_order(**call.args)}
            )
            for call in reply.function_calls
        ]
        contents.append(types.Content(role="user", parts=parts))


def scene(each: dict[str, Any]) -> None:
    with tracer.start_as_current_span("support") as span:
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        for name in each["agents"]:
            talk(name, each["said"], each["name"] == "stream")


hold(scene)
provider.shutdown()
logs.shutdown()
