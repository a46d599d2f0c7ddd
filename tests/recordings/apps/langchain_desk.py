"""The support chat with LangChain's agents, for any library that instruments LangChain.

In: how a session is set. Out: the answers. Next: an app.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from support_chat import AGENTS, GPT, MODELS, hold, look_up_order

Session = Callable[[dict[str, Any]], AbstractContextManager[Any]]


def desk(session: Session, callbacks: Sequence[Any] = ()) -> None:
    """Hold the chat; each agent is a graph of its own."""
    model = ChatOpenAI(
        model=GPT, base_url=f"{MODELS}/v1", api_key="none", max_retries=0, stream_usage=True
    )
    agents = {
        name: create_agent(
            model,
            tools=[tool(look_up_order)] if name == "orders" else [],
            system_prompt=said,
            name=name,
        )
        for name, said in AGENTS.items()
    }

    def scene(each: dict[str, Any]) -> None:
        with session(each):
            for name in each["agents"]:
                given = {"messages": [{"role": "user", "content": each["said"]}]}
                metadata = {"thread_id": each["session"]}
                config = {"metadata": metadata, "callbacks": list(callbacks)}
                if each["name"] == "stream":
                    for _ in agents[name].stream(given, config, stream_mode="messages"):
                        pass
                else:
                    agents[name].invoke(given, config)

    hold(scene)
