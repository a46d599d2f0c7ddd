"""LangSmith's SDK as an OpenTelemetry exporter, with LangChain; the session is on a span of the app."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langchain_core.tracers.langchain import wait_for_all_tracers
from langchain_desk import desk
from langsmith import tracing_context
from support_chat import USER, tracer_provider

provider = tracer_provider()


@contextmanager
def session(each: dict[str, Any]) -> Iterator[None]:
    known = {"session_id": each["session"], "user_id": USER}
    with (
        provider.get_tracer("support").start_as_current_span("support") as span,
        tracing_context(enabled=True, metadata=known),
    ):
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        yield


desk(session)
wait_for_all_tracers()
provider.shutdown()
