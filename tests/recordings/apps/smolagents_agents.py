"""smolagents' tool calling agents, instrumented by OpenInference."""

from typing import Any

from openinference.instrumentation import using_attributes
from openinference.instrumentation.smolagents import SmolagentsInstrumentor
from smolagents import OpenAIModel, ToolCallingAgent, tool
from support_chat import AGENTS, GPT, MODELS, USER, hold, tracer_provider
from support_chat import look_up_order as look_up

provider = tracer_provider()
SmolagentsInstrumentor().instrument(tracer_provider=provider)


@tool
def look_up_order(order_id: str) -> str:
    """Where an order is and when it arrives.

    Args:
        order_id: The order's number.
    """
    return look_up(order_id)


def scene(each: dict[str, Any]) -> None:
    model = OpenAIModel(
        model_id=GPT,
        api_base=f"{MODELS}/v1",
        api_key="none",
        client_kwargs={"max_retries": 0},
        retry=False,
    )
    for name in each["agents"]:
        agent = ToolCallingAgent(
            tools=[look_up_order] if name == "orders" else [],
            model=model,
            name=name,
            description=name,
            instructions=AGENTS[name],
            stream_outputs=each["name"] == "stream",
            max_steps=2,
        )
        with using_attributes(session_id=each["session"], user_id=USER):
            agent.run(each["said"])


hold(scene, only=("tools", "stream", "error"))
provider.shutdown()
