"""Projects without any fault: realistic rows, labels that mean nothing.

In: a seed. Out: session rows of one project. Traits hang together (a long input takes longer, costs
more tokens and loses more), agents pass difficulty on, users come back and ask alike. The labels are
random, either by session or, harder, by user: then some users complain whatever they get.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.model.detection import Detection, DetectorRole, StepTerms
from pipeline.model.session import (
    EnrichResult,
    InterrogateResult,
    MergeResult,
    SessionRow,
)
from pipeline.model.signal import SignalSource, Vote
from pipeline.verdict import decide
from tests.scenarios.rows import outline

SMOOTH = ("run.latency", "run.tokens", "handoff.length", "input.length", "input.n_lines")
LOSSES = (
    "handoff.order",
    "handoff.numbers",
    "handoff.numbers_changed",
    "handoff.names",
    "handoff.negations",
    "handoff.additions",
    "handoff.identifiers",
)
EVENTS = ("run.tool_error_text", "run.truncated", "run.loop", "handoff.hidden_error")
N_TERMS = 60


@dataclass(frozen=True)
class NoiseProject:
    """How one project is made."""

    seed: int
    n_sessions: int
    n_agents: int
    n_users: int
    failing_share: float
    label_by_user: bool


def plan(seed: int) -> NoiseProject:
    """The shape of the project with this number."""
    random = np.random.default_rng([seed, 7])
    n = int(random.integers(50, 300))
    return NoiseProject(
        seed=seed,
        n_sessions=n,
        n_agents=int(random.integers(1, 5)),
        n_users=int(n * random.choice([0.2, 0.5, 1.0])),
        failing_share=float(random.uniform(0.08, 0.5)),
        label_by_user=bool(seed % 2),
    )


def project_rows(project: NoiseProject) -> list[SessionRow]:
    """The rows of a project."""
    random = np.random.default_rng([project.seed, 11])
    user = random.integers(0, project.n_users, project.n_sessions)
    taste = random.normal(size=project.n_users)
    size = 0.6 * taste[user] + 0.8 * random.normal(size=project.n_sessions)
    grumpy = random.random(project.n_users) < project.failing_share
    by_user = np.where(grumpy[user], 0.8, 0.05)
    chance = by_user if project.label_by_user else project.failing_share
    failing = random.random(project.n_sessions) < chance
    words = random.random((project.n_users, N_TERMS)) < random.uniform(0.05, 0.6, N_TERMS)
    return [
        _row(project, i, int(user[i]), float(size[i]), bool(failing[i]), words[user[i]], random)
        for i in range(project.n_sessions)
    ]


def _row(
    project: NoiseProject,
    number: int,
    user: int,
    size: float,
    failing: bool,
    words: np.ndarray,
    random: np.random.Generator,
) -> SessionRow:
    agents = [f"agent-{a}" for a in range(project.n_agents)]
    enrich = EnrichResult(
        detections=tuple(d for a in agents for d in _detections(a, size, random)), completed=True
    )
    merge = _merge(failing, random)
    return SessionRow(
        session_id=f"session-{project.seed}-{number}",
        verdict=decide(enrich, merge),
        enrich=enrich,
        merge=merge,
        interrogate=InterrogateResult(
            outline=tuple(outline(agent, i) for i, agent in enumerate(agents)),
            terms=tuple(_terms(a, words, random) for a in agents),
            user=f"user-{user}",
            first_user_message=None,
            started_at=number,
        ),
    )


def _detections(agent: str, size: float, random: np.random.Generator) -> list[Detection]:
    values = {name: float(np.exp(0.7 * size + 0.5 * random.normal())) for name in SMOOTH}
    for name in LOSSES:
        loss = 0.25 * size + 0.35 * random.normal() - 0.2
        values[name] = float(np.clip(np.round(loss, 2), 0, 1))
    for name in EVENTS:
        values[name] = float(random.random() < 0.06 + 0.1 * (size > 1))
    version = "b" if random.random() < 0.4 else "a"
    values[f"config.prompt={version}"] = 1.0
    return [
        Detection(
            name=name,
            family=name.partition(".")[0],
            role=DetectorRole.TRAIT,
            agent=agent,
            step=f"agent:{agent}",
            span_id="0" * 16,
            value=value,
        )
        for name, value in values.items()
        if value
    ]


def _terms(agent: str, words: np.ndarray, random: np.random.Generator) -> StepTerms:
    flip = random.random(N_TERMS) < 0.1
    shown = [f"word{i}" for i in np.flatnonzero(words ^ flip)]
    return StepTerms(
        agent=agent,
        step=f"agent:{agent}",
        external=tuple(shown[::3]),
        added=tuple(shown[1::3]),
        dropped=tuple(shown[2::3]),
    )


def _merge(failing: bool, random: np.random.Generator) -> MergeResult:
    if failing:
        vote = Vote(source=SignalSource.HUMAN, negative=True, weight=1.0, name="thumbs")
        return MergeResult(votes=(vote,))
    if random.random() < 0.3:
        vote = Vote(source=SignalSource.HUMAN, negative=False, weight=1.0, name="thumbs")
        return MergeResult(votes=(vote,))
    return MergeResult()


def relabelled(rows: Sequence[SessionRow], seed: int, share: float) -> list[SessionRow]:
    """Real rows under labels that mean nothing."""
    random = np.random.default_rng([seed, 13])
    failing = random.random(len(rows)) < share
    changed: list[SessionRow] = []
    for row, fails in zip(rows, failing, strict=True):
        enrich = row.enrich.model_copy(update={"votes": (), "completed": True})
        merge = _merge(bool(fails), random)
        update = {"enrich": enrich, "merge": merge, "verdict": decide(enrich, merge)}
        changed.append(row.model_copy(update=update))
    return changed
