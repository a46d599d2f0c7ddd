"""TryPatchWorkflow: each recorded request twice, with the old prompt and with the patched one.

In: `InvestigateInput`. Out: `Tried` on the investigation's shelf. Next: the finding.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from pydantic_ai import Agent, UsageLimits
    from pydantic_ai.durable_exec.temporal import TemporalDurability
    from pydantic_ai.exceptions import AgentRunError
    from pydantic_ai.messages import (
        ModelMessage,
        ModelRequest,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        UserPromptPart,
    )

    from pipeline.investigation.contracts import InvestigateInput
    from pipeline.investigation.explanation.contracts import Reading
    from pipeline.investigation.trial.activities import TrialActivities
    from pipeline.investigation.trial.contracts import Answer, JudgeInput, Request, Said
    from pipeline.llm.account import Account
    from pipeline.llm.asking import ASK, READ
    from pipeline.llm.door import resolver
    from pipeline.llm.settings import CONFIGURED
    from pipeline.model.step import Role
    from pipeline.temporal.failures import failure_code
    from pipeline.temporal.timing import LONG

ONCE = UsageLimits(request_limit=2)

replayer: Agent[Reading, str] = Agent(
    CONFIGURED,
    name="replayer",
    deps_type=Reading,
    retries=1,
    capabilities=[
        resolver(),
        TemporalDurability(activity_config=READ, model_activity_config=ASK),
    ],
)


@workflow.defn
class TryPatchWorkflow:
    """Requests, answers, count."""

    __pydantic_ai_agents__ = (replayer,)

    @workflow.run
    async def run(self, work: InvestigateInput) -> None:
        """Ends with a trial or a reason."""
        account = Account(project=work.project, purpose=workflow.info().workflow_id)
        reading = Reading(work=work, account=account)
        try:
            answers, reason = await self._ask(reading)
        except AgentRunError as error:
            answers, reason = (), f"the model failed: {type(error).__name__}"
        except ActivityError as error:
            answers, reason = (), f"the trial failed: {failure_code(error)}"
        judged = JudgeInput(work=work, account=account, answers=answers, reason=reason)
        await workflow.execute_activity_method(TrialActivities.judge_trial, judged, **LONG)

    async def _ask(self, reading: Reading) -> tuple[tuple[Answer, ...], str | None]:
        made = await workflow.execute_activity_method(
            TrialActivities.trial_requests, reading.work, **LONG
        )
        answers = [
            Answer(
                session_id=request.session_id,
                failing=request.failing,
                old=await self._answer(reading, request, request.old_prompt),
                new=await self._answer(reading, request, request.new_prompt),
            )
            for request in made.requests
        ]
        return tuple(answers), made.reason

    async def _answer(self, reading: Reading, request: Request, prompt: str) -> str:
        """The recorded conversation under this prompt; its last message is the question."""
        *earlier, last = request.messages
        history: list[ModelMessage] = [ModelRequest(parts=[SystemPromptPart(prompt)])]
        history += [_message(said) for said in earlier]
        answer = await replayer.run(
            last.text, message_history=history, deps=reading, usage_limits=ONCE
        )
        return answer.output


def _message(said: Said) -> ModelMessage:
    """Tool results are recorded text: no tool runs."""
    if said.role is Role.ASSISTANT:
        return ModelResponse(parts=[TextPart(said.text)])
    text = said.text if said.role is Role.USER else f"[result of a tool] {said.text}"
    return ModelRequest(parts=[UserPromptPart(text)])
