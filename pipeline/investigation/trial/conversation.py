"""The recorded conversations of a trial, put to the model again.

In: `Requests`, and who pays. Out: an answer with each prompt. Next: `judge` counts. `workflow` runs
it with activities behind it; measurements run it in one process.
"""

from collections.abc import Sequence

from pydantic_ai import Agent, UsageLimits
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    UserPromptPart,
)

from pipeline.investigation.explanation.contracts import Reading
from pipeline.investigation.trial.contracts import Answer, Request, Said
from pipeline.llm.asking import durable
from pipeline.llm.settings import CONFIGURED
from pipeline.model.step import Role

ONCE = UsageLimits(request_limit=2)

replayer: Agent[Reading, str] = Agent(
    CONFIGURED,
    name="replayer",
    deps_type=Reading,
    retries=1,
    capabilities=durable(),
)


async def answers(reading: Reading, requests: Sequence[Request]) -> tuple[Answer, ...]:
    """Each request with the old prompt and with the new one, one after the other."""
    return tuple(
        [
            Answer(
                session_id=request.session_id,
                failing=request.failing,
                old=await answer(reading, request, request.old_prompt),
                new=await answer(reading, request, request.new_prompt),
            )
            for request in requests
        ]
    )


async def answer(reading: Reading, request: Request, prompt: str) -> str:
    """The recorded conversation under this prompt; its last message is the question."""
    *earlier, last = request.messages
    history: list[ModelMessage] = [ModelRequest(parts=[SystemPromptPart(prompt)])]
    history += [_message(said) for said in earlier]
    ran = await replayer.run(last.text, message_history=history, deps=reading, usage_limits=ONCE)
    return ran.output


def _message(said: Said) -> ModelMessage:
    """Tool results are recorded text: no tool runs."""
    if said.role is Role.ASSISTANT:
        return ModelResponse(parts=[TextPart(said.text)])
    text = said.text if said.role is Role.USER else f"[result of a tool] {said.text}"
    return ModelRequest(parts=[UserPromptPart(text)])
