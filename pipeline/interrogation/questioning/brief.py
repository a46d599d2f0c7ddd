"""Pure: what the model is told of one session; trace text is fenced (`pipeline.llm.reading`).

In: steps and row of a session, the agent asked about. Out: prompts of bounded length. Next: `agents`.

It says nothing of other sessions: what a rule was made from must not hold what will test it.
"""

from collections.abc import Sequence

from pipeline.interrogation.questioning.rules import features
from pipeline.llm.reading import fenced, outline, part_of, step_text
from pipeline.model.session import SessionRow
from pipeline.model.step import Step, StepKind


def brief(agent: str, row: SessionRow, steps: Sequence[Step]) -> str:
    """The first prompt: the outline, the agent's last word and what it was made from, the features."""
    number = asked_step(agent, steps)
    lines = [
        f"The session failed its user. You are asked about the agent {fenced(agent, 'name')}",
        fenced(part_of(outline(steps), 1), "outline"),
        f"Step {number}, the agent's last one:",
        fenced(part_of(step_text(steps[number - 1]), 1), f"step {number}"),
        "Features of the agent in this session:",
        feature_list(row, agent, 1),
        "Why did the agent do what it did? What did it lack? What was it told?",
    ]
    return "\n".join(lines)


def feature_list(row: SessionRow, agent: str, part: int) -> str:
    """Name and value of each, in parts."""
    lines = (f"{name} = {value:g}" for name, (_, value) in features(row, agent).items())
    return fenced(part_of("\n".join(lines), part), "features")


def asked_step(agent: str, steps: Sequence[Step]) -> int:
    """Number of the agent's last model call, which shows what it was told; else of its last step."""
    own = [number for number, step in enumerate(steps, 1) if step.agent == agent]
    calls = [n for n in own if steps[n - 1].kind is StepKind.LLM and steps[n - 1].outputs]
    return (calls or own or [len(steps)])[-1]


def again(faults: Sequence[str]) -> str:
    """The one repair."""
    listed = "\n".join(f"- {fault}" for fault in faults)
    return (
        "Your answer was checked. These hypotheses do not stand and will be dropped unless you mend "
        f"them:\n{listed}\nAnswer again, whole."
    )
