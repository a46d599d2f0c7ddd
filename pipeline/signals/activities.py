"""Thin shells of the two signal stages over the pure `enrich` and `merge`.

In: a session key and a version. Out: `EnrichResult` and `MergeResult` in the store, unless
something newer is there. Next: `pipeline.session` decides the verdict from both.
"""

from temporalio import activity

from pipeline.signals.contracts import SignalsInput
from pipeline.signals.merge import merge_signals
from pipeline.signals.snapshot import SnapshotReader
from pipeline.store import Store
from pipeline.temporal import ids

ENGINE_VERSION = "1"


class SignalsActivities:
    """Activities of EnrichSignalsWorkflow and MergeSignalsWorkflow."""

    def __init__(self, store: Store, reader: SnapshotReader) -> None:
        self._store = store
        self._reader = reader

    @activity.defn(no_thread_cancel_exception=True)
    def enrich_session(self, work: SignalsInput) -> None:
        """Detect on the snapshot."""
        seen = self._reader.read(work.key, work.version)
        if seen is not None:
            self._store.put_stage(work.key, ids.ENRICH, work.version, ENGINE_VERSION, seen.enriched)

    @activity.defn(no_thread_cancel_exception=True)
    def merge_session(self, work: SignalsInput) -> None:
        """Merge what was received. A signal that comes in between raises the session's version, so
        the commit of this one fails and the next cycle merges again."""
        result = merge_signals(self._store.load_signals(work.key))
        self._store.put_stage(work.key, ids.MERGE, work.version, ENGINE_VERSION, result)
