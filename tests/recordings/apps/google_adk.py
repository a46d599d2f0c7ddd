"""Google's Agent Development Kit with its own telemetry."""

import asyncio
from typing import Any

from google.adk.agents import LlmAgent
from google.adk.agents.run_config import RunConfig, StreamingMode
from google.adk.runners import InMemoryRunner
from google.genai import types
from support_chat import (
    AGENTS,
    GEMINI,
    SERVICE,
    USER,
    hold,
    logger_provider,
    look_up_order,
    tracer_provider,
)

provider, logs = tracer_provider(), logger_provider()


async def talk(each: dict[str, Any]) -> None:
    for name in each["agents"]:
        agent = LlmAgent(
            name=name,
            model=GEMINI,
            instruction=AGENTS[name],
            tools=[look_up_order] if name == "orders" else [],
        )
        runner = InMemoryRunner(agent=agent, app_name=SERVICE)
        await runner.session_service.create_session(
            app_name=SERVICE, user_id=USER, session_id=each["session"]
        )
        mode = StreamingMode.SSE if each["name"] == "stream" else StreamingMode.NONE
        async for _ in runner.run_async(
            user_id=USER,
            session_id=each["session"],
            new_message=types.Content(role="user", parts=[types.Part(text=each["said"])]),
            run_config=RunConfig(streaming_mode=mode),
        ):
            pass


with asyncio.Runner() as loop:
    hold(lambda each: loop.run(talk(each)))
provider.shutdown()
logs.shutdown()
