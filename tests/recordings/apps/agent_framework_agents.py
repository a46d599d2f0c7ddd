"""Microsoft's Agent Framework with its own telemetry; the session is on a span of the app."""

import asyncio
from typing import Any

from agent_framework.observability import enable_sensitive_telemetry
from agent_framework_openai import OpenAIChatCompletionClient
from openai import AsyncOpenAI
from support_chat import AGENTS, GPT, MODELS, USER, hold, look_up_order, tracer_provider

provider = tracer_provider()
enable_sensitive_telemetry()
tracer = provider.get_tracer("support")
gpt = AsyncOpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0)
client = OpenAIChatCompletionClient(model=GPT, async_client=gpt)
agents = {
    name: client.as_agent(
        name=name, instructions=said, tools=[look_up_order] if name == "orders" else None
    )
    for name, said in AGENTS.items()
}


async def talk(each: dict[str, Any]) -> None:
    with tracer.start_as_current_span("support") as span:
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        for name in each["agents"]:
            if each["name"] == "stream":
                async for _ in agents[name].run(each["said"], stream=True):
                    pass
            else:
                await agents[name].run(each["said"])


with asyncio.Runner() as runner:
    hold(lambda each: runner.run(talk(each)))
provider.shutdown()
