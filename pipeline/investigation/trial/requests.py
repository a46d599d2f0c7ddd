"""Pure: the recorded requests of the blamed agent that a patched prompt is tried on.

In: a patch, the contrast, the steps of held-out sessions. Out: `Requests`. Next: `workflow` puts them.

The last model call of the blamed agent counts: its answer is what the others were given. Messages
are those of the record, tool results included, so no tool runs.
"""

from collections.abc import Mapping, Sequence

from pipeline.investigation.result import ContrastResult
from pipeline.investigation.trial.contracts import Request, Requests, Said
from pipeline.model.finding import PromptPatch
from pipeline.model.step import Role, Step, StepKind

MAX_A_SIDE = 8
Steps = Mapping[str, Sequence[Step]]


def held_out(
    result: ContrastResult, seen: Sequence[str], a_side: int = MAX_A_SIDE
) -> tuple[tuple[str, bool], ...]:
    """(session, failing) that neither the diagnosis nor the patch has read, a few of each side."""
    read = set(seen)
    failing = [s for s in sorted(result.failing_ids) if s not in read][:a_side]
    healthy = [s for s in sorted(result.healthy_ids) if s not in read][:a_side]
    return (*((s, True) for s in failing), *((s, False) for s in healthy))


def requests(
    result: ContrastResult,
    patch: PromptPatch | None,
    sessions: Sequence[tuple[str, bool]],
    steps: Steps,
) -> Requests:
    """What to put again, or why nothing can be."""
    lines = added_lines(patch)
    if patch is None or result.blamed is None:
        return Requests(reason="there is no patch to try")
    if lines is None:
        return Requests(reason="only patches that add lines are tried")
    if not result.blamed.feature.startswith("handoff."):
        return Requests(reason=f"{result.blamed.feature} does not show in one answer")
    made = [
        _request(session_id, failing, step, lines)
        for session_id, failing in sessions
        if (step := last_call(steps.get(session_id, ()), patch.agent)) is not None
    ]
    if not any(r.failing for r in made) or all(r.failing for r in made):
        return Requests(reason="too few sessions were held out")
    return Requests(requests=tuple(made))


def last_call(steps: Sequence[Step], agent: str) -> Step | None:
    """The agent's last model call that shows a prompt and an answer."""
    calls = [s for s in steps if s.agent == agent and s.kind is StepKind.LLM]
    shown = [s for s in calls if s.system and s.outputs and s.inputs]
    return max(shown, key=lambda s: (s.start, s.span_id), default=None)


def added_lines(patch: PromptPatch | None) -> tuple[str, ...] | None:
    """The lines that a patch adds; None where it takes lines away."""
    body = [] if patch is None else patch.diff.splitlines()[2:]
    if any(line.startswith("-") for line in body):
        return None
    return tuple(line[1:] for line in body if line.startswith("+"))


def _request(session_id: str, failing: bool, step: Step, lines: Sequence[str]) -> Request:
    prompt = "\n".join(place.text for place in step.system)
    return Request(
        session_id=session_id,
        failing=failing,
        old_prompt=prompt,
        new_prompt="\n".join([prompt, *lines]),
        messages=tuple(
            Said(role=m.role, text=m.content.text) for m in step.inputs if m.role is not Role.SYSTEM
        ),
    )
