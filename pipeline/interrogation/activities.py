"""Thin shell of the interrogation over an `InterrogationEngine`.

In: a session key and a version. Out: `InterrogateResult` in the store, unless something newer is
there. Next: `pipeline.session` commits it with the verdict.
"""

from typing import Protocol

from temporalio import activity

from pipeline.interrogation.contracts import InterrogateInput
from pipeline.interrogation.engine import InterrogationEngine
from pipeline.model.answers import SessionSeen
from pipeline.model.session import SessionKey
from pipeline.store import Store
from pipeline.temporal import ids


class Reader(Protocol):
    """Reads a session with its detections, which the stage before this one computes."""

    def read(self, key: SessionKey, version: int) -> SessionSeen | None:
        """The session at `version`, None when it has moved on."""
        ...


class InterrogationActivities:
    """Activities of InterrogateAgentWorkflow."""

    def __init__(self, store: Store, reader: Reader, engine: InterrogationEngine) -> None:
        self._store = store
        self._reader = reader
        self._engine = engine

    @activity.defn(no_thread_cancel_exception=True)
    def interrogate_session(self, work: InterrogateInput) -> None:
        """Interrogate the snapshot, detections included, verdict not."""
        seen = self._reader.read(work.key, work.version)
        if seen is None:
            return
        result = self._engine.interrogate(seen.steps, seen.enriched.detections, seen.spans)
        version = self._engine.version
        self._store.put_stage(work.key, ids.INTERROGATE, work.version, version, result)
