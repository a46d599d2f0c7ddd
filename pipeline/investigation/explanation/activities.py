"""Thin shells of an explanation over the pure brief and check.

In: ids, and explanations to check. Out: prompts; at last `Explained` on the investigation's shelf.
Next: `InvestigateIssueWorkflow` goes on with the diagnosis.
"""

from temporalio import activity

from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.explanation.brief import brief, for_judge
from pipeline.investigation.explanation.check import check
from pipeline.investigation.explanation.contracts import Checked, CheckInput, KeepInput, Text
from pipeline.investigation.explanation.desk import Desk
from pipeline.investigation.stages import EXPLANATION, StageShelf
from pipeline.store import Store
from pipeline.temporal.heartbeat import heartbeating


class ExplanationActivities:
    """Activities of ExplainIssueWorkflow."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk

    @activity.defn(no_thread_cancel_exception=True)
    def brief_explainer(self, work: InvestigateInput) -> Text | None:
        """The first prompt; None when the cluster is gone."""
        cluster = self._store.load_cluster(work.project, work.cluster_id)
        return None if cluster is None else Text(text=brief(cluster, self._desk.contrast(work)))

    @activity.defn(no_thread_cancel_exception=True)
    def check_explanation(self, asked: CheckInput) -> Checked:
        """What stands of it."""
        with heartbeating():
            known = self._desk.known(asked.work)
            checked = check(asked.explanation, known)
        if checked.explanation is None:
            return checked
        return checked.model_copy(update={"judging": for_judge(checked.explanation, known.steps)})

    @activity.defn(no_thread_cancel_exception=True)
    def keep_explanation(self, keep: KeepInput) -> None:
        """Leave it on the shelf, with what it cost."""
        micros, tokens = self._store.model_cost(keep.account.project, keep.account.purpose)
        explained = keep.explained.model_copy(update={"micros": micros, "tokens": tokens})
        shelf = StageShelf(self._store, keep.work)
        if not shelf.has(EXPLANATION):
            shelf.put(EXPLANATION, explained)
