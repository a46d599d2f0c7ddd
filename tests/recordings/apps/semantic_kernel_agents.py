"""Semantic Kernel's agents with its own telemetry; the session is on a span of the app."""

import asyncio
from typing import Any

from openai import AsyncOpenAI
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.functions import kernel_function
from support_chat import (
    AGENTS,
    GPT,
    MODELS,
    USER,
    hold,
    logger_provider,
    look_up_order,
    tracer_provider,
)

provider, logs = tracer_provider(), logger_provider()
tracer = provider.get_tracer("support")
client = AsyncOpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0)


class Warehouse:
    @kernel_function(description="Where an order is and when it arrives.")
    def look_up_order(self, order_id: str) -> str:
        return look_up_order(order_id)


async def talk(each: dict[str, Any]) -> None:
    with tracer.start_as_current_span("support") as span:
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        for name in each["agents"]:
            agent = ChatCompletionAgent(
                service=OpenAIChatCompletion(ai_model_id=GPT, async_client=client),
                name=name,
                instructions=AGENTS[name],
                plugins=[Warehouse()] if name == "orders" else [],
            )
            if each["name"] == "stream":
                async for _ in agent.invoke_stream(messages=each["said"]):
                    pass
            else:
                await agent.get_response(messages=each["said"])


with asyncio.Runner() as runner:
    hold(lambda each: runner.run(talk(each)))
provider.shutdown()
logs.shutdown()
