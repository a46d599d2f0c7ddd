"""Agno's agents, instrumented by OpenInference."""

from typing import Any

from agno.agent import Agent
from agno.models.openai import OpenAIChat
from openinference.instrumentation.agno import AgnoInstrumentor
from support_chat import AGENTS, GPT, MODELS, USER, hold, look_up_order, tracer_provider

provider = tracer_provider()
AgnoInstrumentor().instrument(tracer_provider=provider)


def scene(each: dict[str, Any]) -> None:
    for name in each["agents"]:
        model = OpenAIChat(id=GPT, base_url=f"{MODELS}/v1", api_key="none", max_retries=0)
        agent = Agent(
            name=name,
            model=model,
            instructions=AGENTS[name],
            tools=[look_up_order] if name == "orders" else [],
            session_id=each["session"],
            user_id=USER,
            telemetry=False,
        )
        if each["name"] == "stream":
            for _ in agent.run(each["said"], stream=True):
                pass
        else:
            agent.run(each["said"])


hold(scene)
provider.shutdown()
