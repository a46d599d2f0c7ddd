"""Pure: what a trial showed. The detectors judge the new answers as they judged the recorded ones.

In: answers with the old and the new prompt, the sessions' steps. Out: `PatchTrial`. Next: the finding.

An answer fails when it shows the blamed feature or a symptom that one answer can show. Sessions whose
outcome the old prompt does not bring back when it is put again say nothing and are left out.
"""

from collections.abc import Callable, Iterable, Sequence

from pipeline.investigation.result import FeatureResult
from pipeline.investigation.trial.contracts import Answer
from pipeline.investigation.trial.requests import Steps, last_call
from pipeline.model.detection import Detection
from pipeline.model.evidence import Located
from pipeline.model.finding import PatchTrial
from pipeline.model.step import Message, Role, Step, StepKind
from pipeline.population.statistics import wilson

Detect = Callable[[Sequence[Step]], Iterable[Detection]]
SYMPTOMS = frozenset({"symptom.refusal", "symptom.empty_output"})


def count(
    answers: Sequence[Answer], blamed: FeatureResult, steps: Steps, detect: Detect
) -> PatchTrial:
    """Fixed of those that failed again, broken of those that passed again."""
    fixed: list[bool] = []
    broken: list[bool] = []
    for answer in answers:
        session = steps.get(answer.session_id, ())
        if not session:  # gone since it was asked, or too large to be read
            continue
        before = fails(session, answer.old, blamed, detect)
        after = fails(session, answer.new, blamed, detect)
        if answer.failing and before:
            fixed.append(not after)
        elif not answer.failing and not before:
            broken.append(after)
    return PatchTrial(fixed=wilson(sum(fixed), len(fixed)), broken=wilson(sum(broken), len(broken)))


def fails(steps: Sequence[Step], answer: str, blamed: FeatureResult, detect: Detect) -> bool:
    """Whether the session would show the blamed feature, or a symptom, with this answer."""
    for found in detect(answered(steps, blamed.agent, answer)):
        if found.agent != blamed.agent:
            continue
        if found.name in SYMPTOMS and found.value > 0:
            return True
        if (found.step, found.name) == (blamed.step, blamed.feature) and found.value >= blamed.cut:
            return True
    return False


def answered(steps: Sequence[Step], agent: str, answer: str) -> tuple[Step, ...]:
    """The session with another answer of the agent's last model call, up to that answer."""
    call = last_call(steps, agent)
    if call is None:
        return tuple(steps)
    said = tuple(m.content.text for m in call.outputs)
    return tuple(_with(s, answer) if s is call or _repeats(s, agent, said) else s for s in steps)


def _repeats(step: Step, agent: str, said: Sequence[str]) -> bool:
    """An agent span that gives the same answer as its last model call."""
    if step.agent != agent or step.kind is not StepKind.AGENT:
        return False
    return bool(step.outputs) and all(m.content.text in said for m in step.outputs)


def _with(step: Step, answer: str) -> Step:
    place = Located(text=answer, span_id=step.span_id, field="trial")
    message = Message(role=Role.ASSISTANT, content=place)
    return step.model_copy(update={"outputs": (message,), "outputs_recorded": True})
