"""CrewAI, instrumented by OpenInference; each agent is a crew of its own."""

from typing import Any

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool
from openinference.instrumentation import using_attributes
from openinference.instrumentation.crewai import CrewAIInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor
from support_chat import AGENTS, GPT, MODELS, USER, hold, look_up_order, tracer_provider

provider = tracer_provider()
CrewAIInstrumentor().instrument(tracer_provider=provider, skip_dep_check=True)
OpenAIInstrumentor().instrument(tracer_provider=provider)


def scene(each: dict[str, Any]) -> None:
    for name in each["agents"]:
        llm = LLM(
            model=f"openai/{GPT}",
            base_url=f"{MODELS}/v1",
            api_key="none",
            max_retries=0,
            stream=each["name"] == "stream",
        )
        agent = Agent(
            role=name,
            goal=AGENTS[name],
            backstory="You work for a shop.",
            llm=llm,
            tools=[tool(look_up_order)] if name == "orders" else [],
            max_retry_limit=0,
        )
        task = Task(description=each["said"], expected_output="An answer.", agent=agent)
        with using_attributes(session_id=each["session"], user_id=USER):
            Crew(agents=[agent], tasks=[task]).kickoff()


hold(scene)
provider.shutdown()
