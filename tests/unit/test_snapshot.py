"""Two children read one session: computed once, kept no longer than needed, failures not kept."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from pipeline.errors import LimitExceeded, StoreUnavailable
from pipeline.model.answers import Snapshot
from pipeline.model.session import SessionKey
from pipeline.signals.snapshot import MAX_KEPT, SnapshotReader
from pipeline.store import Store

KEY = SessionKey.of("p", "s")


class CountingStore:
    """A store of empty sessions."""

    def __init__(self) -> None:
        self.n_reads = 0
        self.n_spans = 0
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()

    def load_spans(self, key: SessionKey, *, max_spans: int | None = None) -> Snapshot:
        self.n_reads += 1
        self.gate.wait(5)
        if self.broken:
            raise StoreUnavailable("away")
        return Snapshot(3, (), self.n_spans)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def reader(store: CountingStore) -> SnapshotReader:
    return SnapshotReader(cast("Store", cast("Any", store)), max_spans=10)


def test_second_child_shares_the_first_ones_work(
    store: CountingStore, reader: SnapshotReader
) -> None:
    store.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(reader.read, KEY, 3) for _ in range(2)]
        store.gate.set()
        first, second = (future.result(5) for future in both)
    assert first is second
    assert store.n_reads == 1


def test_it_is_read_anew_after_both_have_seen_it(
    store: CountingStore, reader: SnapshotReader
) -> None:
    for _ in range(4):
        reader.read(KEY, 3)
    assert store.n_reads == 2


def test_other_version_is_none(store: CountingStore, reader: SnapshotReader) -> None:
    assert reader.read(KEY, 2) is None
    assert reader.read(KEY, 3) is not None


def test_failure_is_not_kept(store: CountingStore, reader: SnapshotReader) -> None:
    store.broken = True
    with pytest.raises(StoreUnavailable):
        reader.read(KEY, 3)
    store.broken = False
    assert reader.read(KEY, 3) is not None


def test_too_large_names_the_setting(store: CountingStore, reader: SnapshotReader) -> None:
    store.n_spans = 11
    with pytest.raises(LimitExceeded, match="max_spans_a_session"):
        reader.read(KEY, 3)


def test_only_a_few_are_kept(store: CountingStore, reader: SnapshotReader) -> None:
    keys = [SessionKey.of("p", str(index)) for index in range(MAX_KEPT + 1)]
    for key in keys:
        reader.read(key, 3)
    reader.read(keys[0], 3)
    assert store.n_reads == MAX_KEPT + 2
    reader.read(keys[-1], 3)
    assert store.n_reads == MAX_KEPT + 2
