"""What an explanation of tau-airline would send, and what sending every session whole would.

In: the recorded sessions. Out: `Sizes`, `Questions`. Next: the cost table of `python -m bench quality`.

The statistics name no cause there. So that the cost of one can be measured, a contrast is put on the
shelf that blames the agent for what its table has strongest by name alone; nothing else is made up:
the model reads the real sessions through the real tools. What is asked about single sessions is what
would be: the sessions are analysed, and aggregation chooses those of a day.
"""

import gzip
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from exporter.signal_body import read_signal
from pipeline.config import Config
from pipeline.conventions.steps import read_steps
from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.result import ContrastResult, FeatureResult
from pipeline.investigation.stages import CONTRAST, StageShelf
from pipeline.model.answers import ReadLimits
from pipeline.model.finding import Basis, HealthyRate
from pipeline.model.session import SessionKey
from pipeline.model.signal import SignalSource
from pipeline.population.statistics import wilson
from pipeline.store import Store
from tests.llm.asking import ask
from tests.llm.diagnosing import (
    LIMITS,
    Sent,
    aggregate,
    copied,
    explain_alone,
    feed,
    look_at,
    open_store,
)
from tests.llm.held import unique_texts
from tests.llm.playing import Part
from tests.store.storekit import cluster

DATA = Path(__file__).parents[3] / "shared" / "data"
PROJECT, AGENT = "airline-support", "airline-agent"


class Sizes(NamedTuple):
    """Characters."""

    n_sessions: int
    n_failing: int
    whole: int
    """All sessions, each text once a session."""
    n_in: int
    n_out: int


class Questions(NamedTuple):
    """The sessions that would be asked about in a day, and the characters that it takes."""

    n_asked: int
    n_in: int
    n_out: int


def analysed(folder: Path) -> Path:
    """A store with all sessions analysed and a day's questions chosen, as many as by default."""
    sent = _sent()
    with open_store(folder) as store:
        feed(store, PROJECT, sent)
        agents = look_at(store, PROJECT, sent.session_ids)
        aggregate(store, PROJECT, agents, Config().model_sessions_a_day)
    return folder


def questions(folder: Path, room: Path, make: Callable[[], Part]) -> Questions:
    """That day's questions, each put to a part of its own; the answers are in a store of their own."""
    parts: list[Part] = []
    with copied(folder, room) as store:
        for work in store.choose_interrogations(PROJECT, AGENT, (), 0):
            parts.append(make())
            ask(store, work, parts[-1])
    return Questions(len(parts), sum(p.n_in for p in parts), sum(p.n_out for p in parts))


def _sent() -> Sent:
    packed = (DATA / "tau-airline.otlp.jsonl.gz").read_bytes()
    told = (DATA / "tau-airline.signals.jsonl").read_bytes().splitlines()
    read = [read_signal(PROJECT, line).signal for line in told]
    lines = gzip.decompress(packed).decode().splitlines()
    return Sent(lines, read, [signal.session_id or "" for signal in read])


def sizes(folder: Path, part: Part) -> Sizes:
    """One explanation by this part, against everything."""
    sent = _sent()
    failing, healthy = (
        [s.session_id or "" for s in sent.signals if ((s.score or 0.0) < 0.5) is fails]
        for fails in (True, False)
    )
    with open_store(folder) as store:
        feed(store, PROJECT, Sent(sent.lines, (), ()))
        keys = [SessionKey.of(PROJECT, s) for s in (*failing, *healthy)]
        steps = [read_steps(store.load_spans(key).spans) for key in keys]
        whole = sum(len(text) for of in steps for text in unique_texts(of))
        agent = next(step.agent for of in steps for step in of)
        explain_as_if(store, PROJECT, agent, (failing, healthy), part)
    return Sizes(len(sent.session_ids), len(failing), whole, part.n_in, part.n_out)


def explain_as_if(
    store: Store,
    project: str,
    agent: str,
    sides: tuple[Sequence[str], Sequence[str]],
    part: Part,
    *,
    limits: ReadLimits = LIMITS,
) -> None:
    """An explanation as if the statistics had blamed the agent."""
    work = InvestigateInput(project=project, cluster_id="c", revision=1)
    StageShelf(store, work).put(CONTRAST, _contrast(agent, sides))
    of = cluster("c", agent=agent).model_copy(update={"project": project})
    explain_alone(store, of, part, limits=limits)


def _contrast(agent: str, sides: tuple[Sequence[str], Sequence[str]]) -> ContrastResult:
    failing, healthy = sides
    features = [_feature(agent, name, len(failing), len(healthy)) for name in _names()]
    return ContrastResult(
        cluster_id="c",
        agent=agent,
        surfaced_agent=agent,
        basis=Basis.CONDITIONAL,
        blamed=features[0],
        trigger=None,
        rivals=tuple(features[1:]),
        p_value=0.001,
        n_tests=1000,
        failing=features[0].failing,
        healthy=HealthyRate(
            **features[0].healthy.model_dump(), confirmed_n=len(healthy), presumed_n=0
        ),
        failing_ids=tuple(failing),
        healthy_ids=tuple(healthy),
        verdict_sources=(SignalSource.LABEL,),
        downstream=(),
        reason="",
        tried=(),
    )


def _names() -> Iterable[str]:
    return ("run.no_tool=get_user_details", *(f"run.tool=tool_{i}" for i in range(8)))


def _feature(agent: str, name: str, n_failing: int, n_healthy: int) -> FeatureResult:
    return FeatureResult(
        agent=agent,
        step=f"agent:{agent}",
        feature=name,
        depth=0,
        effect=0.5,
        t=9.0,
        p_value=0.001,
        cut=0.5,
        failing=wilson(n_failing // 2, n_failing),
        healthy=wilson(n_healthy // 9, n_healthy),
    )
