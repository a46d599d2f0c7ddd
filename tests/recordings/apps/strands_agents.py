"""Strands Agents' own telemetry; it streams every answer."""

from typing import Any

from strands import Agent, tool
from strands.event_loop._retry import ModelRetryStrategy
from strands.models.openai import OpenAIModel
from support_chat import AGENTS, GPT, MODELS, USER, hold, look_up_order, tracer_provider

provider = tracer_provider()


def scene(each: dict[str, Any]) -> None:
    for name in each["agents"]:
        agent = Agent(
            name=name,
            model=OpenAIModel(
                client_args={"base_url": f"{MODELS}/v1", "api_key": "none", "max_retries": 0},
                model_id=GPT,
            ),
            system_prompt=AGENTS[name],
            tools=[tool(look_up_order)] if name == "orders" else [],
            callback_handler=None,
            retry_strategy=ModelRetryStrategy(max_attempts=1),
            trace_attributes={"session.id": each["session"], "user.id": USER},
        )
        agent(each["said"])


hold(scene)
provider.shutdown()
