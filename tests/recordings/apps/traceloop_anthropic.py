"""OpenLLMetry (Traceloop's SDK) for Anthropic's client; agents and tools by its decorators."""

from collections.abc import Callable
from typing import Any

import anthropic_loop
from anthropic import Anthropic
from support_chat import MODELS, SERVICE, TRACES, USER, hold
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent, tool, workflow

Traceloop.init(app_name=SERVICE, api_endpoint=TRACES, api_key="none", telemetry_enabled=False)
client = Anthropic(base_url=MODELS, api_key="none", max_retries=0)


class Marks:
    def agent(self, name: str, said: str, work: Callable[[str], str]) -> str:
        return agent(name=name)(lambda said: work(said))(said)

    def tool(self, name: str, arguments: dict[str, Any], work: Callable[..., str]) -> str:
        return tool(name=name)(lambda order_id: work(order_id))(**arguments)


@workflow(name="support")
def scene(each: dict[str, Any]) -> None:
    Traceloop.set_association_properties({"session_id": each["session"], "user_id": USER})
    anthropic_loop.scene(client, Marks(), each)


hold(scene)
Traceloop._Traceloop__tracer_wrapper.flush()
