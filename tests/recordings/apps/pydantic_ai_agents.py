"""pydantic-ai's own instrumentation; the variant is its format version and the provider."""

import asyncio
import warnings
from typing import Any

from opentelemetry import trace
from pydantic_ai import Agent
from pydantic_ai.models.instrumented import InstrumentationSettings
from support_chat import (
    AGENTS,
    CLAUDE,
    GPT,
    MODELS,
    TOOL,
    USER,
    VARIANT,
    hold,
    logger_provider,
    look_up_order,
    tracer_provider,
)

warnings.simplefilter("ignore")
provider, logs = tracer_provider(), logger_provider()
version, _, api = VARIANT.partition(" ")


def model() -> Any:
    if api == "anthropic":
        from anthropic import AsyncAnthropic
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        claude = AsyncAnthropic(base_url=MODELS, api_key="none", max_retries=0)
        return AnthropicModel(CLAUDE, provider=AnthropicProvider(anthropic_client=claude))
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    gpt = AsyncOpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0)
    kind = OpenAIResponsesModel if api == "responses" else OpenAIChatModel
    return kind(GPT, provider=OpenAIProvider(openai_client=gpt))


def agent(name: str) -> Agent:
    settings = {
        "anthropic_thinking": {"type": "enabled", "budget_tokens": 1024},
        "max_tokens": 2048,
    }
    made = Agent(
        model(),
        name=name,
        instructions=AGENTS[name],
        model_settings=settings if api == "anthropic" else None,
    )
    if name == "orders":
        made.tool_plain(look_up_order)
    return made


Agent.instrument_all(InstrumentationSettings(version=int(version)))
agents = {name: agent(name) for name in AGENTS}
tracer = trace.get_tracer("support")
runner = asyncio.Runner()


async def talk(each: dict[str, Any]) -> None:
    same = {"conversation_id": each["session"]}
    for name in each["agents"]:
        if each["name"] == "stream":
            async with agents[name].run_stream(each["said"], **same) as result:
                await result.get_output()
        else:
            await agents[name].run(each["said"], **same)


def scene(each: dict[str, Any]) -> None:
    with tracer.start_as_current_span("support") as span:
        span.set_attributes({"gen_ai.conversation.id": each["session"], "user.id": USER})
        runner.run(talk(each))


assert TOOL["name"] == look_up_order.__name__
hold(scene)
runner.close()
provider.shutdown()
logs.shutdown()
