"""All stages in one process over a real store, without Temporal: many diagnoses in little time.

In: OTLP/JSON lines, signals, a model. Out: findings. Next: the injections and the lies are held
against them; `python -m bench quality` makes a table of them.

The activities' own methods are called in the workflows' order, and the agents talk as they do there.
"""

import asyncio
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from pydantic_ai.models import Model
from pydantic_ai.models.function import FunctionModel

from exporter.decode import decode
from exporter.otlp_json import read_request
from pipeline.aggregation.activities import AggregationActivities
from pipeline.aggregation.contracts import AgentInput, AggregateResult
from pipeline.aggregation.settings import AggregationSettings
from pipeline.aggregation.vectors import CachedEmbedder
from pipeline.config import Config
from pipeline.interrogation.activities import InterrogationActivities
from pipeline.interrogation.contracts import InterrogateInput
from pipeline.interrogation.statistical import StatisticalInterrogator
from pipeline.investigation.activities import InvestigationActivities
from pipeline.investigation.contracts import CommitFindingInput, InvestigateInput
from pipeline.investigation.explanation.activities import ExplanationActivities
from pipeline.investigation.explanation.brief import brief
from pipeline.investigation.explanation.contracts import (
    Checked,
    CheckInput,
    Explanation,
    KeepInput,
    Reading,
    Text,
)
from pipeline.investigation.explanation.conversation import explain
from pipeline.investigation.explanation.desk import Desk, open_desk
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.settings import ContrastSettings
from pipeline.investigation.stages import CONTRAST, StageShelf
from pipeline.investigation.statistical import StatisticalInvestigator
from pipeline.investigation.trial.activities import TrialActivities
from pipeline.investigation.trial.contracts import JudgeInput
from pipeline.investigation.trial.conversation import answers
from pipeline.llm.account import Account
from pipeline.llm.door import Door, open_door
from pipeline.llm.settings import ModelSettings
from pipeline.model.answers import ReadLimits
from pipeline.model.cluster import Cluster
from pipeline.model.finding import Finding
from pipeline.model.session import SessionKey
from pipeline.model.signal import Signal
from pipeline.session.activities import SessionActivities
from pipeline.session.contracts import CommitSessionInput
from pipeline.signals.activities import SignalsActivities
from pipeline.signals.contracts import SignalsInput
from pipeline.signals.enrich import enrich
from pipeline.signals.snapshot import SnapshotReader
from pipeline.store import Store
from tests.llm.playing import Part
from tests.scenarios.pure_path import shared_embedder

MAX_SPANS = 10_000
MAX_BYTES = 128 * 1024 * 1024
LIMITS = ReadLimits(MAX_SPANS, MAX_BYTES)
MAX_SESSIONS = 20_000
DATABASE = "kelet.db"


class Sent(NamedTuple):
    """What a project's agents and users sent."""

    lines: Sequence[str]
    """OTLP/JSON."""
    signals: Sequence[Signal]
    session_ids: Sequence[str]


def open_store(folder: Path) -> Store:
    """The store of this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return Store.open(f"sqlite:///{folder / DATABASE}")


def feed(store: Store, project: str, sent: Sent) -> None:
    """Commit it all."""
    chunks = [
        chunk
        for line in sent.lines
        for chunk in decode(read_request(line).request.SerializeToString(), project=project).chunks
    ]
    store.submit_spans(chunks).result(timeout=120)
    store.commit_signals([s.model_copy(update={"project": project}) for s in sent.signals])


def analyse(store: Store, project: str, sent: Sent) -> list[InvestigateInput]:
    """Sessions and clusters; the investigations that are due."""
    due: dict[tuple[str, int], InvestigateInput] = {}
    for done in aggregate(store, project, look_at(store, project, sent.session_ids)):
        for opening in done.openings:
            work = InvestigateInput(
                project=project, cluster_id=opening.cluster_id, revision=opening.revision
            )
            due[opening.cluster_id, opening.revision] = work
    return list(due.values())


def look_at(store: Store, project: str, session_ids: Iterable[str]) -> list[str]:
    """The sessions by themselves; their agents."""
    reader = SnapshotReader(store, max_spans=MAX_SPANS, max_bytes=MAX_BYTES)
    signals = SignalsActivities(store, reader)
    interrogation = InterrogationActivities(store, reader, StatisticalInterrogator())
    session = SessionActivities(store, cast(Any, None), Config())
    agents: set[str] = set()
    for session_id in session_ids:
        key = SessionKey.of(project, session_id)
        clock = store.session_clock(key)
        assert clock is not None, session_id
        signals.enrich_session(SignalsInput(key=key, version=clock.version))
        signals.merge_session(SignalsInput(key=key, version=clock.version))
        interrogation.interrogate_session(InterrogateInput(key=key, version=clock.version))
        done = session.commit_session(CommitSessionInput(key=key, version=clock.version))
        agents |= {nudge.agent for nudge in done.agents}
    return sorted(agents)


def aggregate(
    store: Store, project: str, agents: Iterable[str], asked_a_day: int = 0
) -> list[AggregateResult]:
    """Clusters of each agent, and which of its sessions a model is to be asked about."""
    aggregation = AggregationActivities(
        store,
        CachedEmbedder(store, shared_embedder()),
        AggregationSettings(),
        max_sessions=MAX_SESSIONS,
        max_agents=200,
        asked_a_day=asked_a_day,
    )
    return [aggregation.aggregate_agent(AgentInput(project=project, agent=a)) for a in agents]


def first_named(store: Store, due: Iterable[InvestigateInput]) -> InvestigateInput | None:
    """The first investigation whose contrast names a cause; its contrast is kept in the store."""
    stages = _stages(store, None)
    for work in due:
        stages.contrast(work)
        if StageShelf(store, work).take(CONTRAST, ContrastResult).blamed is not None:
            return work
    return None


def _stages(store: Store, model: str | None) -> InvestigationActivities:
    return InvestigationActivities(
        store,
        StatisticalInvestigator(),
        ContrastSettings(),
        max_sessions=MAX_SESSIONS,
        limits=LIMITS,
        model=model,
    )


def diagnose(
    store: Store,
    due: Sequence[InvestigateInput],
    part: Part | Model | None,
    *,
    tries: bool = True,
) -> tuple[Finding, ...]:
    """The investigations, with this part played by the model; None: the statistics alone. `tries`
    is False where no patch shall be put to the test."""
    model = FunctionModel(part) if isinstance(part, Part) else part
    for work in due:
        asyncio.run(_investigate(store, work, model, tries=tries))
    return tuple(store.list_findings(due[0].project)[0]) if due else ()


def explain_alone(store: Store, of: Cluster, part: Part, *, limits: ReadLimits = LIMITS) -> None:
    """Only the explanation, of a cluster whose contrast is on the shelf of its first revision."""
    desk = Desk(store, limits=limits, max_sessions=MAX_SESSIONS)
    open_desk(desk)
    open_door(Door(ModelSettings(model="scripted:a:b"), store, FunctionModel(part)))
    work = InvestigateInput(project=of.project, cluster_id=of.id, revision=1)
    asyncio.run(_explain(store, desk, work, Text(text=brief(of, desk.contrast(work)))))


async def _investigate(
    store: Store, work: InvestigateInput, model: Model | None, *, tries: bool
) -> None:
    stages = _stages(store, "scripted" if model else None)
    desk = Desk(store, limits=LIMITS, max_sessions=MAX_SESSIONS)
    open_desk(desk)
    if model is not None:
        open_door(Door(ModelSettings(model="scripted:a:b"), store, model))
    stop: str | None = None
    for stage in (stages.contrast, stages.diagnose, stages.verify_evidence, stages.write_patch):
        done = stage(work)
        stop = done.stop
        if stop is not None:
            break
        if done.explain:
            await _explain(store, desk, work)
        if done.try_patch and tries:
            await _try(store, work)
    stages.commit_finding(CommitFindingInput(work=work, stop=stop))


async def _explain(
    store: Store, desk: Desk, work: InvestigateInput, prompt: Text | None = None
) -> None:
    own = ExplanationActivities(store, desk)
    account = Account(project=work.project, purpose=f"explain/{work.cluster_id}/{work.revision}")

    async def told(asked: InvestigateInput) -> Text | None:
        return prompt or own.brief_explainer(asked)

    async def check(asked: InvestigateInput, explanation: Explanation) -> Checked:
        return own.check_explanation(CheckInput(work=asked, explanation=explanation))

    explained = await explain(Reading(work=work, account=account), told, check)
    own.keep_explanation(KeepInput(work=work, account=account, explained=explained))


async def _try(store: Store, work: InvestigateInput) -> None:
    trial = TrialActivities(
        store, lambda steps, spans: enrich(steps, spans).detections, limits=LIMITS
    )
    account = Account(project=work.project, purpose=f"try/{work.cluster_id}/{work.revision}")
    made = trial.trial_requests(work)
    given = await answers(Reading(work=work, account=account), made.requests)
    trial.judge_trial(JudgeInput(work=work, account=account, answers=given, reason=made.reason))


def copied(folder: Path, to: Path) -> Store:
    """A store of its own with all that is known so far; the first must be closed."""
    shutil.copytree(folder, to)
    return open_store(to)
