"""Thin shells of a trial over the pure requests and judge.

In: ids, answers. Out: requests; at last `Tried` on the investigation's shelf. Next: the finding.
"""

from collections.abc import Callable, Sequence

from temporalio import activity

from pipeline.conventions.steps import read_again
from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.engine import Diagnosis
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.stages import (
    CONTRAST,
    DIAGNOSIS,
    PATCH,
    TRIAL,
    PatchFound,
    StageShelf,
)
from pipeline.investigation.trial.contracts import JudgeInput, Requests, Tried
from pipeline.investigation.trial.judge import count
from pipeline.investigation.trial.requests import Steps, held_out, requests
from pipeline.model.answers import ReadLimits
from pipeline.model.detection import Detection
from pipeline.model.session import SessionKey
from pipeline.model.span import Span
from pipeline.model.step import Step
from pipeline.store import Store
from pipeline.store.whole import whole_session
from pipeline.temporal.heartbeat import computing

Enrich = Callable[[Sequence[Step], Sequence[Span]], Sequence[Detection]]


class TrialActivities:
    """Activities of TryPatchWorkflow; `enrich` runs the detectors of the enrichment."""

    def __init__(self, store: Store, enrich: Enrich, *, limits: ReadLimits) -> None:
        self._store = store
        self._enrich = enrich
        self._limits = limits

    @activity.defn(no_thread_cancel_exception=True)
    def trial_requests(self, work: InvestigateInput) -> Requests:
        """What is to be put again."""
        shelf = StageShelf(self._store, work)
        result = shelf.take(CONTRAST, ContrastResult)
        seen = shelf.take(DIAGNOSIS, Diagnosis).sessions_to_read
        sessions = held_out(result, seen)
        patch = shelf.take(PATCH, PatchFound).patch
        return requests(result, patch, sessions, self._steps(work, [s for s, _ in sessions]))

    @activity.defn(no_thread_cancel_exception=True)
    def judge_trial(self, judged: JudgeInput) -> None:
        """Count, and leave it on the shelf with what it cost."""
        shelf = StageShelf(self._store, judged.work)
        if shelf.has(TRIAL):
            return
        micros, tokens = self._store.model_cost(judged.account.project, judged.account.purpose)
        tried = Tried(reason=judged.reason, micros=micros, tokens=tokens)
        blamed = shelf.take(CONTRAST, ContrastResult).blamed
        if judged.answers and blamed is not None:
            steps = self._steps(judged.work, [a.session_id for a in judged.answers])
            with computing():
                trial = count(judged.answers, blamed, steps, lambda s: self._enrich(s, ()))
            tried = tried.model_copy(update={"trial": trial})
        shelf.put(TRIAL, tried)

    def _steps(self, work: InvestigateInput, session_ids: Sequence[str]) -> Steps:
        return {s: read_again(self._spans(work.project, s)) for s in session_ids}

    def _spans(self, project: str, session_id: str) -> Sequence[Span]:
        key = SessionKey.of(project, session_id)
        return whole_session(self._store, key, self._limits)
