"""AutoGen's agents with their own telemetry; the session is on a span of the app."""

import asyncio
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from support_chat import AGENTS, GPT, MODELS, USER, hold, look_up_order, tracer_provider

provider = tracer_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("support")


async def talk(each: dict[str, Any]) -> None:
    with tracer.start_as_current_span("support") as span:
        span.set_attributes({"session.id": each["session"], "user.id": USER})
        for name in each["agents"]:
            streamed = each["name"] == "stream"
            client = OpenAIChatCompletionClient(
                model=GPT,
                base_url=f"{MODELS}/v1",
                api_key="none",
                max_retries=0,
                include_name_in_message=False,
            )
            agent = AssistantAgent(
                name,
                model_client=client,
                system_message=AGENTS[name],
                tools=[look_up_order] if name == "orders" else None,
                reflect_on_tool_use=name == "orders",
                model_client_stream=streamed,
            )
            await agent.run(task=each["said"])


with asyncio.Runner() as runner:
    hold(lambda each: runner.run(talk(each)))
provider.shutdown()
