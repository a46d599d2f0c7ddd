"""Thin shells of an investigation over the pure contrast, evidence and patch and over an engine.

In: ids. Out: a result of each stage in the store, at last a finding. Next: status, CLI, console.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel
from temporalio import activity

from pipeline.conventions.steps import read_again
from pipeline.investigation import evidence, patch
from pipeline.investigation.contracts import CommitFindingInput, InvestigateInput, StageResult
from pipeline.investigation.contrast import contrast
from pipeline.investigation.engine import Diagnosis, InvestigationEngine, write_finding
from pipeline.investigation.explanation.contracts import Explained
from pipeline.investigation.explanation.result import add_explanation, hold_to_trial
from pipeline.investigation.explanation.table import handles
from pipeline.investigation.patch import Patch
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.settings import ContrastSettings
from pipeline.investigation.stages import (
    CONTRAST,
    DIAGNOSIS,
    EVIDENCE,
    EXPLANATION,
    PATCH,
    TRIAL,
    EvidenceFound,
    PatchFound,
    StageShelf,
)
from pipeline.investigation.trial.contracts import Tried
from pipeline.model.answers import ReadLimits
from pipeline.model.cluster import Cluster
from pipeline.model.finding import Finding
from pipeline.model.session import SessionKey, SessionRow
from pipeline.model.span import Span
from pipeline.store import Store
from pipeline.store.whole import whole_session
from pipeline.temporal.heartbeat import computing

GONE = "the cluster is gone"
NO_PATCH = "there is no patch to try"
SUPERSEDED = "a newer revision of the cluster is there"

Spans = Mapping[str, Sequence[Span]]


class InvestigationActivities:
    """Activities of InvestigateIssueWorkflow."""

    def __init__(
        self,
        store: Store,
        engine: InvestigationEngine,
        settings: ContrastSettings,
        *,
        max_sessions: int,
        limits: ReadLimits,
        model: str | None = None,
    ) -> None:
        self._store = store
        self._engine = engine
        self._settings = settings
        self._max_sessions = max_sessions
        self._limits = limits
        self._model = model

    @activity.defn(no_thread_cancel_exception=True)
    def contrast(self, work: InvestigateInput) -> StageResult:
        """What separates failing from healthy sessions, and whom to blame."""

        def compute(cluster: Cluster, shelf: StageShelf) -> ContrastResult:
            return contrast(cluster, self._agent_rows(cluster), self._settings)

        done = self._stage(work, CONTRAST, compute)
        if done.stop is not None or self._model is None:
            return done
        blamed = StageShelf(self._store, work).take(CONTRAST, ContrastResult).blamed
        return done.model_copy(update={"explain": blamed is not None})

    @activity.defn(no_thread_cancel_exception=True)
    def diagnose(self, work: InvestigateInput) -> StageResult:
        """The contrast in words, and which sessions to read."""

        def compute(cluster: Cluster, shelf: StageShelf) -> Diagnosis:
            result = shelf.take(CONTRAST, ContrastResult)
            return self._engine.diagnose(cluster, result, self._agent_rows(cluster))

        return self._stage(work, DIAGNOSIS, compute)

    @activity.defn(no_thread_cancel_exception=True)
    def verify_evidence(self, work: InvestigateInput) -> StageResult:
        """Quotes that stand byte for byte in the spans."""

        def compute(cluster: Cluster, shelf: StageShelf) -> EvidenceFound:
            rows, spans = self._read(cluster.project, shelf.take(DIAGNOSIS, Diagnosis))
            result = shelf.take(CONTRAST, ContrastResult)
            failing, healthy = evidence.collect(result, rows, spans)
            return EvidenceFound(failing=failing, healthy=healthy)

        return self._stage(work, EVIDENCE, compute)

    @activity.defn(no_thread_cancel_exception=True)
    def write_patch(self, work: InvestigateInput) -> StageResult:
        """A diff against the blamed agent's prompt."""

        def compute(cluster: Cluster, shelf: StageShelf) -> PatchFound:
            rows, spans = self._read(cluster.project, shelf.take(DIAGNOSIS, Diagnosis))
            result = shelf.take(CONTRAST, ContrastResult)
            lines = _explained(shelf).lines
            plain = patch.write_patch(result, rows, spans)
            if not lines:
                return PatchFound(**plain._asdict())
            found = patch.write_patch(result, rows, spans, lines)
            return PatchFound(**found._asdict(), from_model=True, plain=plain.patch)

        done = self._stage(work, PATCH, compute)
        if done.stop is not None or self._model is None:
            return done
        patched = StageShelf(self._store, work).take(PATCH, PatchFound)
        return done.model_copy(update={"try_patch": patched.patch is not None})

    @activity.defn(no_thread_cancel_exception=True)
    def commit_finding(self, commit: CommitFindingInput) -> None:
        """The finding, or the reason why there is none. A second result is refused by the store."""
        work = commit.work
        cluster, stop = self._current(work)
        stop = commit.stop or stop
        finding = None if stop or cluster is None else self._finding(cluster, work)
        self._store.finish_investigation(
            work.project, work.cluster_id, work.revision, finding, stop or ""
        )

    def _stage(
        self,
        work: InvestigateInput,
        stage: str,
        compute: Callable[[Cluster, StageShelf], BaseModel],
    ) -> StageResult:
        """Compute and keep, unless it was kept already or the revision is not worth it any more."""
        cluster, stop = self._current(work)
        shelf = StageShelf(self._store, work)
        if cluster is not None and stop is None and not shelf.has(stage):
            with computing():
                shelf.put(stage, compute(cluster, shelf))
        return StageResult(stop=stop)

    def _current(self, work: InvestigateInput) -> tuple[Cluster | None, str | None]:
        """The cluster, and why its investigation should stop. A gate that closed meanwhile does not
        stop it: it may open again for the same revision, and the store shows what it supports."""
        cluster = self._store.load_cluster(work.project, work.cluster_id)
        if cluster is None:
            return None, GONE
        return cluster, None if cluster.revision == work.revision else SUPERSEDED

    def _agent_rows(self, cluster: Cluster) -> Sequence[SessionRow]:
        """The rows that the aggregation saw, or newer ones: then a newer revision is on its way."""
        return self._store.load_rows(cluster.project, cluster.agent, limit=self._max_sessions)[1]

    def _read(self, project: str, diagnosis: Diagnosis) -> tuple[Sequence[SessionRow], Spans]:
        """Rows and spans of the few sessions that are quoted."""
        rows: list[SessionRow] = []
        spans: dict[str, Sequence[Span]] = {}
        for session_id in diagnosis.sessions_to_read:
            detail = self._store.get_session(project, session_id)
            if detail is None or detail.row is None:
                continue
            rows.append(detail.row)
            spans[session_id] = self._spans(project, session_id)
        return rows, spans

    def _finding(self, cluster: Cluster, work: InvestigateInput) -> Finding:
        shelf = StageShelf(self._store, work)
        found = shelf.take(EVIDENCE, EvidenceFound)
        patched = shelf.take(PATCH, PatchFound)
        result = shelf.take(CONTRAST, ContrastResult)
        finding = write_finding(
            cluster,
            result,
            shelf.take(DIAGNOSIS, Diagnosis),
            (found.failing, found.healthy),
            Patch(patched.patch, patched.reason),
            (self._engine.name, self._engine.version),
            datetime.now(UTC),
        )
        return finding if self._model is None else self._with_model(finding, result, shelf)

    def _with_model(self, finding: Finding, result: ContrastResult, shelf: StageShelf) -> Finding:
        """The finding with what the configured model added to it."""
        explained = _explained(shelf)
        names = {c.session for c in explained.mechanism}
        named = {name: s for name, s in handles(result).items() if name in names}
        steps = {name: read_again(self._spans(finding.project, s)) for name, s in named.items()}
        tried = shelf.take(TRIAL, Tried) if shelf.has(TRIAL) else Tried(reason=NO_PATCH)
        found = add_explanation(finding, (explained, tried), result, steps, self._model or "")
        patched = shelf.take(PATCH, PatchFound)
        return hold_to_trial(found, patched.plain) if patched.from_model else found

    def _spans(self, project: str, session_id: str) -> Sequence[Span]:
        key = SessionKey.of(project, session_id)
        return whole_session(self._store, key, self._limits)


def _explained(shelf: StageShelf) -> Explained:
    """What the model left; an empty one where it was not asked."""
    if shelf.has(EXPLANATION):
        return shelf.take(EXPLANATION, Explained)
    return Explained(reason="no cause separates, so there is nothing to explain")
