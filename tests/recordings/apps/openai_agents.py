"""OpenAI's Agents SDK, instrumented by OpenInference."""

import asyncio
from typing import Any

from agents import Agent, Runner, function_tool, set_default_openai_client
from openai import AsyncOpenAI
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor
from support_chat import AGENTS, GPT, MODELS, USER, hold, look_up_order, tracer_provider

provider = tracer_provider()
OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)
client = AsyncOpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0)
set_default_openai_client(client, use_for_tracing=False)
agents = {
    name: Agent(
        name=name,
        instructions=said,
        model=GPT,
        tools=[function_tool(look_up_order)] if name == "orders" else [],
    )
    for name, said in AGENTS.items()
}


async def talk(each: dict[str, Any]) -> None:
    with using_attributes(session_id=each["session"], user_id=USER):
        for name in each["agents"]:
            if each["name"] == "stream":
                result = Runner.run_streamed(agents[name], each["said"])
                async for _ in result.stream_events():
                    pass
            else:
                await Runner.run(agents[name], each["said"])


with asyncio.Runner() as runner:
    hold(lambda each: runner.run(talk(each)))
provider.shutdown()
