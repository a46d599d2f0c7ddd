"""Segment files: what a crash or a full disk leaves, and how the room of dead bodies comes back."""

import errno
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from pipeline.errors import StoreUnavailable
from pipeline.model.session import SessionKey
from pipeline.store import Store, block_file, probe, segments
from pipeline.store.bodies import BodyMoved, Place
from pipeline.store.compaction import ALL_LIVE, compact_bodies
from pipeline.store.schema import trace_chunks
from pipeline.store.segments import SegmentFiles
from pipeline.store.traces import find_traces, load_chunks
from tests.store.storekit import Clock, record, send

TRACES = [f"{n:032x}" for n in range(1, 5)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "store.db"), clock=Clock()) as opened:
        yield opened


def files_of(store: Store) -> SegmentFiles:
    bodies: Any = store._bodies  # pyright: ignore[reportPrivateUsage]
    assert isinstance(bodies, SegmentFiles)
    return bodies


def write(store: Store) -> Any:
    return store._write  # pyright: ignore[reportPrivateUsage]


def fill(store: Store) -> None:
    for n, trace in enumerate(TRACES):
        send(store, record(1, trace=trace, session=f"s{n}", name="x" * 1000))


def n_spans(store: Store, n: int) -> int:
    return len(store.load_spans(SessionKey.of("p", f"s{n}")).spans)


def drop(store: Store, *numbers: int) -> list[Place]:
    """Let go of the chunks of these traces, as a removal does; where they were."""

    def work(connection: Connection) -> list[Place]:
        traces = find_traces(connection, {(TRACES[n], "") for n in numbers}).values()
        load_chunks(connection, traces)
        places = [chunk.place for trace in traces for chunk in trace.stored]
        files_of(store).delete(connection, places)
        refs = [trace.ref for trace in traces]
        connection.execute(delete(trace_chunks).where(trace_chunks.c.trace_ref.in_(refs)))
        return places

    return write(store)(work)


def test_bodies_lie_in_the_order_in_which_they_came(store: Store) -> None:
    shuffled = [TRACES[n] for n in (2, 0, 3, 1)]
    send(store, *(record(1, trace=trace, session="s") for trace in shuffled))
    key = {(trace, "") for trace in TRACES}

    def offsets(connection: Connection) -> dict[str, int]:
        traces = find_traces(connection, key)
        load_chunks(connection, traces.values())
        return {name: trace.stored[0].place.offset for (name, _), trace in traces.items()}

    found = write(store)(offsets)
    assert sorted(found, key=found.__getitem__) == shuffled


def test_a_segment_without_live_bodies_is_unlinked(store: Store) -> None:
    fill(store)
    files = files_of(store)
    (old,) = files.on_disk()
    drop(store, 0, 1, 2, 3)
    assert compact_bodies(files, write(store)) > 4000
    assert files.on_disk() == {}
    send(store, record(2, trace=TRACES[0], session="s9"))
    assert old not in files.on_disk(), "a name is never used again"


def test_a_half_dead_segment_is_written_anew_and_read_as_before(store: Store) -> None:
    fill(store)
    files = files_of(store)
    old = set(files.on_disk())
    (gone, *_) = drop(store, 0, 1, 2)
    before = store.load_spans(SessionKey.of("p", "s3"))
    assert compact_bodies(files, write(store)) > 2000
    assert old.isdisjoint(files.on_disk())
    assert store.load_spans(SessionKey.of("p", "s3")) == before
    with store._reading.connect() as connection, pytest.raises(BodyMoved):  # pyright: ignore[reportPrivateUsage]
        list(files.read(connection, [gone]))
    assert compact_bodies(files, write(store)) == 0


def test_a_mostly_live_segment_stays_unless_the_dead_must_go(store: Store) -> None:
    fill(store)
    files = files_of(store)
    drop(store, 0)
    assert compact_bodies(files, write(store)) == 0
    assert compact_bodies(files, write(store), ALL_LIVE) > 1000
    assert [n_spans(store, n) for n in (1, 2, 3)] == [1, 1, 1]


def test_a_reader_that_holds_old_places_reads_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    files = files_of(store)
    drop(store, 0, 1, 2)
    read, calls = files.read, list[int]()

    def compacting(connection: Connection, places: list[Place]) -> Iterator[bytes]:
        if not calls:
            calls.append(1)
            monkeypatch.setattr(files, "read", read)
            compact_bodies(files, write(store))
        yield from read(connection, places)

    monkeypatch.setattr(files, "read", compacting)
    assert n_spans(store, 3) == 1
    assert calls


def test_the_segment_of_another_process_is_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    with Store.open(path, clock=Clock()) as writer, Store.open(path, clock=Clock()) as other:
        fill(writer)
        drop(writer, 0, 1, 2, 3)
        assert compact_bodies(files_of(other), write(other)) == 0
        assert send(writer, record(1, trace="e" * 32, session="e")).n_new == 1
    with Store.open(path, clock=Clock()) as later:
        assert compact_bodies(files_of(later), write(later)) > 4000
        assert len(later.load_spans(SessionKey.of("p", "e")).spans) == 1


def test_bytes_that_nothing_refers_to_harm_nothing(tmp_path: Path) -> None:
    """What a kill between the sync of a body and the commit leaves."""
    path = str(tmp_path / "store.db")
    with Store.open(path, clock=Clock()) as store:
        fill(store)
        ((segment, size),) = files_of(store).on_disk().items()
        (tmp_path / "store.db.segments" / "17.otlp").write_bytes(b"torn")
        path_of_open = files_of(store).path(segment)
    path_of_open.write_bytes(path_of_open.read_bytes() + b"torn")
    with Store.open(path, clock=Clock()) as store:
        assert [n_spans(store, n) for n in range(4)] == [1, 1, 1, 1]
        send(store, record(2, trace=TRACES[0], session="s0"))
        assert n_spans(store, 0) == 2
        assert compact_bodies(files_of(store), write(store), ALL_LIVE) >= len(b"torn") * 2
        assert [n_spans(store, n) for n in range(4)] == [2, 1, 1, 1]
        assert size in range(4000, 8000)


@pytest.mark.parametrize("broken", ["pwrite", "fdatasync"])
def test_a_full_disk_refuses_and_stores_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    fill(store)
    size = sum(files_of(store).on_disk().values())

    def full(fd: int, data: Any = None, at: int = 0) -> int:
        if broken == "pwrite":
            os.pwritev(fd, [data[:4096]], at)
        raise OSError(errno.ENOSPC, "canary: no space left")

    with monkeypatch.context() as patched:
        patched.setattr(block_file.os, broken, full)
        for _ in range(3):
            with pytest.raises(StoreUnavailable) as caught:
                send(store, record(2, trace=TRACES[0], session="s0", name="y" * 1000))
            assert "canary" not in str(caught.value)
        assert n_spans(store, 0) == 1
    assert sum(files_of(store).on_disk().values()) == size, "a retry must not fill the disk further"
    assert send(store, record(2, trace=TRACES[0], session="s0")).n_new == 1
    assert n_spans(store, 0) == 2


def test_a_full_database_does_not_fill_the_segments(store: Store) -> None:
    fill(store)
    size = sum(files_of(store).on_disk().values())

    def limit(n_pages: int) -> None:
        def work(connection: Connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count={n_pages}").close()

        write(store)(work)

    limit(1)
    many = [record(i, trace=f"{i:032x}", session=f"m{i}" * 50) for i in range(9, 200)]
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            send(store, *many)
    assert sum(files_of(store).on_disk().values()) == size
    limit(2**31)
    assert send(store, *many).n_new == len(many)
    assert n_spans(store, 0) == 1


def test_ping_notices_a_disk_that_cannot_be_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(segments.os, "fdatasync", full)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                store.ping()
    store.ping()


@pytest.mark.parametrize("remembered", [True, False])
def test_ping_tells_of_a_disk_on_which_only_little_fits(
    store: Store, monkeypatch: pytest.MonkeyPatch, remembered: bool
) -> None:
    """For a while: nobody may send any more to one that is said to be down."""
    monkeypatch.setattr(probe, "REFUSED_SECONDS", 600.0 if remembered else 0.0)

    def nearly_full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(block_file.os, "pwrite", nearly_full)
        store.ping()
        with pytest.raises(StoreUnavailable):
            send(store, record(2, trace=TRACES[0], session="s0"))
        with pytest.raises(StoreUnavailable) if remembered else nullcontext():
            store.ping()
    send(store, record(2, trace=TRACES[0], session="s0"))
    store.ping()
