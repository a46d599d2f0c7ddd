"""OpenTelemetry's own instrumentation of LangChain; the session is on a span of the app."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langchain_desk import desk
from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor
from support_chat import USER, tracer_provider

provider = tracer_provider()
LangChainInstrumentor().instrument(tracer_provider=provider)


@contextmanager
def session(each: dict[str, Any]) -> Iterator[None]:
    with provider.get_tracer("support").start_as_current_span("support") as span:
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        yield


desk(session)
provider.shutdown()
