"""Langfuse's SDK with its OpenAI client; agents and tools by its observations."""

from collections.abc import Callable
from typing import Any

from langfuse import Langfuse, propagate_attributes
from langfuse.openai import OpenAI
from openai_loop import chat_scene, responses_scene
from support_chat import MODELS, TRACES, USER, VARIANT, hold

langfuse = Langfuse(public_key="pk-lf-scripted", secret_key="sk-lf-scripted", base_url=TRACES)
client = OpenAI(base_url=f"{MODELS}/v1", api_key="none", max_retries=0)


class Marks:
    def agent(self, name: str, said: str, work: Callable[[str], str]) -> str:
        with langfuse.start_as_current_observation(as_type="agent", name=name, input=said) as seen:
            answer = work(said)
            seen.update(output=answer)
            return answer

    def tool(self, name: str, arguments: dict[str, Any], work: Callable[..., str]) -> str:
        with langfuse.start_as_current_observation(
            as_type="tool", name=name, input=arguments
        ) as seen:
            result = work(**arguments)
            seen.update(output=result)
            return result


def scene(each: dict[str, Any]) -> None:
    with (
        langfuse.start_as_current_observation(as_type="span", name="support", input=each["said"]),
        propagate_attributes(session_id=each["session"], user_id=USER),
    ):
        (responses_scene if VARIANT == "responses" else chat_scene)(client, Marks(), each)


hold(scene)
langfuse.flush()
langfuse.shutdown()
