"""LlamaIndex's agents, instrumented by OpenInference."""

import asyncio
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI
from openinference.instrumentation import using_attributes
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from support_chat import AGENTS, GPT, MODELS, USER, hold, look_up_order, tracer_provider

provider = tracer_provider()
LlamaIndexInstrumentor().instrument(tracer_provider=provider)


async def talk(each: dict[str, Any]) -> None:
    llm = OpenAI(model=GPT, api_base=f"{MODELS}/v1", api_key="none", max_retries=0)
    with using_attributes(session_id=each["session"], user_id=USER):
        for name in each["agents"]:
            agent = FunctionAgent(
                name=name,
                description=name,
                system_prompt=AGENTS[name],
                tools=[FunctionTool.from_defaults(look_up_order)] if name == "orders" else [],
                llm=llm,
                streaming=each["name"] == "stream",
            )
            await agent.run(each["said"])


with asyncio.Runner() as runner:
    hold(lambda each: runner.run(talk(each)))
provider.shutdown()
