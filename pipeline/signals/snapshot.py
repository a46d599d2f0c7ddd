"""One read of a session for the two children that look at its spans.

In: the store, a session and the version asked for. Out: its spans, steps and detections, or None
when it has moved on. Next: the activities of both; `pipeline.worker` hands it to them.

The children run at once and need the same pure result, so whoever comes second in this process waits
for the first instead of computing it again. On another worker it computes for itself.
"""

import threading
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple

from pipeline.conventions.messages import MAX_MESSAGES
from pipeline.conventions.steps import read_steps
from pipeline.errors import LimitExceeded
from pipeline.model.answers import SessionSeen, Snapshot
from pipeline.model.session import SessionKey
from pipeline.signals.enrich import enrich
from pipeline.store import Store

N_READERS = 2
MAX_KEPT = 8
LARGE = 5_000
"""Spans from which on a session is analysed alone; several of 50,000 at once would take gigabytes."""
LARGE_BYTES = 16 * 2**20
"""The same of bytes: few spans may be large ones."""
LARGE_MESSAGES = 100_000
"""The same of messages: few bytes may be many of them."""


class _Kept(NamedTuple):
    future: "Future[SessionSeen | None]"
    n_to_come: int


class SnapshotReader:
    """Thread-safe; keeps a session until both children have seen it, and no more than a few."""

    def __init__(self, store: Store, *, max_spans: int, max_bytes: int) -> None:
        self._store = store
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self._one_large = threading.Lock()
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[SessionKey, int], _Kept] = OrderedDict()

    def read(self, key: SessionKey, version: int) -> SessionSeen | None:
        """The session at `version`. A newer version is the next cycle's work: None."""
        name = (key, version)
        with self._lock:
            kept = self._kept.pop(name, None)
            mine = kept is None or (kept.future.done() and kept.future.exception() is not None)
            if mine or kept is None:
                kept = _Kept(Future(), N_READERS)
            if kept.n_to_come > 1:
                self._kept[name] = kept._replace(n_to_come=kept.n_to_come - 1)
                while len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
        if mine:
            self._settle(kept.future, key, version)
        return kept.future.result()

    def _settle(self, future: "Future[SessionSeen | None]", key: SessionKey, version: int) -> None:
        try:
            future.set_result(self._compute(key, version))
        except BaseException as error:
            future.set_exception(error)

    def _compute(self, key: SessionKey, version: int) -> SessionSeen | None:
        clock = self._store.session_clock(key)
        if clock is None or clock.version != version:
            return None
        if clock.n_spans > self._max_spans:
            limit = f"max_spans_a_session is {self._max_spans}"
            raise LimitExceeded(f"{clock.n_spans} spans, {limit}")
        if clock.n_spans <= LARGE:
            small = self._load(key, min(LARGE_BYTES, self._max_bytes))
            if _is_whole(small):
                with suppress(LimitExceeded):
                    return self._see(small, version, LARGE_MESSAGES)
            del small
        with self._one_large:
            return self._see(self._load(key, self._max_bytes), version, MAX_MESSAGES)

    def _load(self, key: SessionKey, max_bytes: int) -> Snapshot:
        return self._store.load_spans(key, max_spans=self._max_spans, max_bytes=max_bytes)

    def _see(self, snapshot: Snapshot, version: int, max_messages: int) -> SessionSeen | None:
        if snapshot.version != version:
            return None
        if not _is_whole(snapshot):
            limit = f"max_bytes_a_session is {self._max_bytes}"
            raise LimitExceeded(f"{snapshot.n_spans} spans with all in them, {limit}")
        steps = read_steps(snapshot.spans, max_messages)
        return SessionSeen(snapshot.spans, steps, enrich(steps, snapshot.spans))


def _is_whole(snapshot: Snapshot) -> bool:
    return snapshot.n_spans <= len(snapshot.spans)
