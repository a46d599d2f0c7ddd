"""Two children read one session: computed once, kept no longer than needed, failures not kept."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest

from pipeline.conventions.messages import MAX_MESSAGES
from pipeline.errors import LimitExceeded, StoreUnavailable
from pipeline.model.answers import SessionClock, Snapshot
from pipeline.model.session import SessionKey, SessionState
from pipeline.signals import snapshot
from pipeline.signals.snapshot import LARGE, LARGE_BYTES, LARGE_MESSAGES, MAX_KEPT, SnapshotReader
from pipeline.store import Store

KEY = SessionKey.of("p", "s")


class CountingStore:
    """A store of empty sessions."""

    def __init__(self) -> None:
        self.n_reads = 0
        self.n_spans = 0
        self.n_missing = 0
        self.at_once = 0
        self.most_at_once = 0
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()

    def session_clock(self, key: SessionKey) -> SessionClock:
        none = timedelta()
        return SessionClock(
            version=3,
            analysed_version=0,
            silent_for=none,
            open_for=none,
            state=SessionState.WAITING,
            n_spans=self.n_spans,
        )

    def load_spans(self, key: SessionKey, *, max_spans: int, max_bytes: int) -> Snapshot:
        self.n_reads += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.gate.wait(0.05 if self.n_spans > LARGE else 5)
        self.at_once -= 1
        if self.broken:
            raise StoreUnavailable("away")
        return Snapshot(3, (), self.n_missing)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
def reader(store: CountingStore) -> SnapshotReader:
    return SnapshotReader(cast("Store", cast("Any", store)), max_spans=10_000, max_bytes=1_000)


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
    store.n_spans = 10_001
    with pytest.raises(LimitExceeded, match="max_spans_a_session"):
        reader.read(KEY, 3)
    assert store.n_reads == 0
    store.n_spans, store.n_missing = 1, 1
    with pytest.raises(LimitExceeded, match="max_bytes_a_session"):
        reader.read(KEY, 3)


def test_large_sessions_take_turns(store: CountingStore, reader: SnapshotReader) -> None:
    store.n_spans = LARGE + 1
    store.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        keys = [SessionKey.of("p", str(index)) for index in range(3)]
        assert all(pool.map(reader.read, keys, [3] * 3))
    assert (store.n_reads, store.most_at_once) == (3, 1)


def test_only_a_few_are_kept(store: CountingStore, reader: SnapshotReader) -> None:
    keys = [SessionKey.of("p", str(index)) for index in range(MAX_KEPT + 1)]
    for key in keys:
        reader.read(key, 3)
    reader.read(keys[0], 3)
    assert store.n_reads == MAX_KEPT + 2
    reader.read(keys[-1], 3)
    assert store.n_reads == MAX_KEPT + 2


def test_sessions_of_few_large_spans_take_turns_too() -> None:
    """What does not fit into LARGE_BYTES is read alone, as a whole."""
    asked: list[int] = []

    class Weighing(CountingStore):
        def load_spans(self, key: SessionKey, *, max_spans: int, max_bytes: int) -> Snapshot:
            asked.append(max_bytes)
            if max_bytes <= LARGE_BYTES:
                return Snapshot(3, (), 1)
            self.n_spans = LARGE + 1
            self.gate.clear()
            return super().load_spans(key, max_spans=max_spans, max_bytes=max_bytes)

    weighing = Weighing()
    reader = SnapshotReader(
        cast("Store", cast("Any", weighing)), max_spans=10_000, max_bytes=8 * LARGE_BYTES
    )
    with ThreadPoolExecutor(3) as pool:
        keys = [SessionKey.of("p", str(index)) for index in range(3)]
        assert all(pool.map(reader.read, keys, [3] * 3))
    assert asked.count(8 * LARGE_BYTES) == 3
    assert weighing.most_at_once == 1


def test_sessions_of_many_messages_take_turns_too(
    store: CountingStore, reader: SnapshotReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed: list[int] = []

    def read(_: Any, max_messages: int) -> tuple[()]:
        allowed.append(max_messages)
        if max_messages == LARGE_MESSAGES:
            raise LimitExceeded("more messages")
        assert reader._one_large.locked()  # pyright: ignore[reportPrivateUsage]
        return ()

    monkeypatch.setattr(snapshot, "read_steps", read)
    assert reader.read(KEY, 3) is not None
    assert allowed == [LARGE_MESSAGES, MAX_MESSAGES]
    assert store.n_reads == 2
