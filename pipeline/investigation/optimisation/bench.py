"""Puts recorded requests under other prompts, and judges the answers as the trial does.

In: `Material`, a door whose ledger is the purse. Out: answers, verdicts, `PatchTrial`s. Next: `search`.
"""

import asyncio
from collections.abc import Iterable, Sequence

from pipeline.investigation.explanation.contracts import Reading
from pipeline.investigation.optimisation.contracts import Material
from pipeline.investigation.trial.contracts import Answer, Request
from pipeline.investigation.trial.conversation import answer
from pipeline.investigation.trial.judge import Detect, count, fails
from pipeline.model.finding import PatchTrial

AT_ONCE = 4


class Bench:
    """Everything runs on one event loop, since a provider's client is bound to it."""

    def __init__(
        self, runner: asyncio.Runner, reading: Reading, material: Material, detect: Detect
    ) -> None:
        self._runner = runner
        self._reading = reading
        self._material = material
        self._detect = detect

    def answers(self, requests: Sequence[Request], lines: Sequence[str]) -> list[str]:
        """What the model answers with these lines after the recorded prompt, in the same order."""
        try:
            return self._runner.run(self._ask(requests, lines))
        except BaseExceptionGroup as group:
            # One request failed, the others were called off: what counts is why.
            raise group.exceptions[0] from None

    def fails(self, request: Request, given: str) -> bool:
        """Whether the session would fail with this answer."""
        steps = self._material.steps.get(request.session_id, ())
        return fails(steps, given, self._material.blamed, self._detect)

    def trial(
        self, requests: Sequence[Request], old: Iterable[str], new: Iterable[str]
    ) -> PatchTrial:
        """Fix rate and breakage."""
        answers = [
            Answer(session_id=r.session_id, failing=r.failing, old=a, new=b)
            for r, a, b in zip(requests, old, new, strict=True)
        ]
        return count(answers, self._material.blamed, self._material.steps, self._detect)

    async def _ask(self, requests: Sequence[Request], lines: Sequence[str]) -> list[str]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(request: Request) -> str:
            async with gate:
                prompt = "\n".join([request.old_prompt, *lines])
                return await answer(self._reading, request, prompt)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(request)) for request in requests]
        return [task.result() for task in tasks]
