"""Thin shell of the interrogation over an `InterrogationEngine`.

In: a session key and a version. Out: `InterrogateResult` in the store, unless something newer is
there. Next: `pipeline.session` commits it with the verdict.
"""

from temporalio import activity

from pipeline.interrogation.contracts import InterrogateInput
from pipeline.interrogation.engine import InterrogationEngine
from pipeline.signals.enrich import enrich
from pipeline.signals.snapshot import read_snapshot
from pipeline.store import Store
from pipeline.temporal import ids


class InterrogationActivities:
    """Activities of InterrogateAgentWorkflow."""

    def __init__(self, store: Store, engine: InterrogationEngine, *, max_spans: int) -> None:
        self._store = store
        self._engine = engine
        self._max_spans = max_spans

    @activity.defn(no_thread_cancel_exception=True)
    def interrogate_session(self, work: InterrogateInput) -> None:
        """Interrogate the snapshot. It detects for itself: the three children share nothing."""
        seen = read_snapshot(self._store, work.key, work.version, max_spans=self._max_spans)
        if seen is None:
            return
        detections = enrich(seen.steps, seen.spans).detections
        result = self._engine.interrogate(seen.steps, detections, seen.spans)
        version = self._engine.version
        self._store.put_stage(work.key, ids.INTERROGATE, work.version, version, result)
