"""The Kelet SDK over its own HTTP door, with pydantic-ai as it instruments it."""

import asyncio
from typing import Any

import kelet
from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from support_chat import AGENTS, GPT, MODELS, TRACES, USER, hold, look_up_order

kelet.configure(api_key="sk-scripted", project="support", base_url=TRACES, strict=True)
gpt = AsyncOpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0)
model = OpenAIChatModel(GPT, provider=OpenAIProvider(openai_client=gpt))
agents = {name: Agent(model, name=name, instructions=said) for name, said in AGENTS.items()}
agents["orders"].tool_plain(look_up_order)


async def talk(each: dict[str, Any]) -> None:
    async with kelet.agentic_session(session_id=each["session"], user_id=USER, plan="basic"):
        for name in each["agents"]:
            async with kelet.agent(name=name):
                if each["name"] == "stream":
                    async with agents[name].run_stream(each["said"]) as result:
                        await result.get_output()
                else:
                    await agents[name].run(each["said"])


with asyncio.Runner() as runner:
    hold(lambda each: runner.run(talk(each)))
kelet.shutdown()
