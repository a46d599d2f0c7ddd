"""Session rows written by hand, for tests of the pure statistics."""

from collections.abc import Mapping, Sequence

from pipeline.model.detection import Detection, DetectorRole, StepTerms
from pipeline.model.session import (
    EnrichResult,
    InterrogateResult,
    MergeResult,
    SessionRow,
    StepOutline,
)
from pipeline.model.signal import SignalSource, Vote
from pipeline.verdict import decide

HUMAN = SignalSource.HUMAN


def vote(negative: bool, source: SignalSource = HUMAN, family: str | None = None) -> Vote:
    """One opinion."""
    return Vote(source=source, negative=negative, weight=1.0, name="test", family=family)


def trait(
    agent: str, name: str, value: float, role: DetectorRole = DetectorRole.TRAIT
) -> Detection:
    """A detection at the agent's own step."""
    family = name if name.startswith("symptom.") else name.partition(".")[0]
    return Detection(
        name=name,
        family=family,
        role=role,
        agent=agent,
        step=f"agent:{agent}",
        span_id="0" * 16,
        value=value,
    )


def row(
    number: int,
    *,
    failing: bool,
    traits: Mapping[tuple[str, str], float],
    agents: Sequence[str] = ("first", "second"),
    terms: Sequence[StepTerms] = (),
    user: str | None = None,
    votes: Sequence[Vote] | None = None,
    detections: Sequence[Detection] = (),
) -> SessionRow:
    """A session of a chain of agents; `traits` are values by (agent, trait)."""
    shown = (*(trait(a, name, value) for (a, name), value in traits.items() if value), *detections)
    enrich = EnrichResult(
        detections=shown,
        votes=tuple(
            vote(True, SignalSource.SYNTHETIC, d.family)
            for d in shown
            if d.role is not DetectorRole.TRAIT
        ),
        completed=True,
    )
    merge = MergeResult(votes=tuple(votes if votes is not None else [vote(True)] * failing))
    return SessionRow(
        session_id=f"s{number:05d}",
        verdict=decide(enrich, merge),
        enrich=enrich,
        merge=merge,
        interrogate=InterrogateResult(
            outline=tuple(outline(agent, i) for i, agent in enumerate(agents)),
            terms=tuple(terms),
            user=user,
        ),
    )


def outline(agent: str, order: int) -> StepOutline:
    """An agent's one step at this place of a chain."""
    return StepOutline(
        agent=agent,
        step=f"agent:{agent}",
        order=order,
        n_occurrences=1,
        span_id="0" * 16,
        external=order == 0,
    )
