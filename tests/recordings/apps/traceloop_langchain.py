"""OpenLLMetry (Traceloop's SDK) for LangChain."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langchain_desk import desk
from support_chat import SERVICE, TRACES, USER
from traceloop.sdk import Traceloop
from traceloop.sdk.instruments import Instruments

Traceloop.init(
    app_name=SERVICE,
    api_endpoint=TRACES,
    api_key="none",
    telemetry_enabled=False,
    instruments={Instruments.LANGCHAIN},
)


@contextmanager
def session(each: dict[str, Any]) -> Iterator[None]:
    Traceloop.set_association_properties({"session_id": each["session"], "user_id": USER})
    yield


desk(session)
Traceloop._Traceloop__tracer_wrapper.flush()
