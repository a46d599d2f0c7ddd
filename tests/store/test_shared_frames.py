"""Bodies that share a frame on PostgreSQL: each is read, removed and taken back as if it were alone."""

import os
import random
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import ProgrammingError

from pipeline.model.answers import Snapshot
from pipeline.model.session import SessionKey
from pipeline.model.trace_chunk import Pieces
from pipeline.store import Store, piece_bodies
from pipeline.store.bodies import BodyMoved, Place
from pipeline.store.compression import Packer, unpacked
from pipeline.store.dialect import database_url, reading_engine, writing_engine
from pipeline.store.frames import ROOM, frame_and_start
from pipeline.store.migrate import downgrade
from pipeline.store.piece_bodies import PIECE_BYTES, SHARED, PieceBodies
from pipeline.store.schema import body_pieces
from tests.databases import PostgresDatabases
from tests.store.storekit import Clock, record, send
from tests.waiting import PATIENCE

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.slow

SMALL = [b"\n" + b"canary-%d " % n * 50 for n in range(9)]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def url(tmp_path: Path) -> Generator[str]:
    databases = PostgresDatabases()
    yield databases.new(tmp_path)
    databases.close()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = writing_engine(database_url(url))
    yield made
    made.dispose()


def random_body(n_bytes: int) -> bytes:
    """One that does not become smaller."""
    return b"\n" + os.urandom(n_bytes - 1)


def stored(engine: Engine, bodies: list[bytes]) -> list[Place]:
    """Places of bodies that one transaction committed."""
    with engine.begin() as connection:
        return PieceBodies().append(connection, [(body,) for body in bodies])


def remove(engine: Engine, *places: Place) -> None:
    """In a transaction, by a process of its own."""
    with engine.begin() as connection:
        PieceBodies().delete(connection, places)


def read(connection: Connection, *places: Place) -> list[bytes]:
    """Their bodies."""
    return list(PieceBodies().read(connection, places))


def is_gone(connection: Connection, place: Place) -> bool:
    """Whether nobody can read it."""
    try:
        read(connection, place)
    except BodyMoved:
        return True
    return False


def frames_of(engine: Engine) -> dict[int, list[bytes]]:
    """The pieces of every frame."""
    found: dict[int, list[bytes]] = {}
    query = select(body_pieces.c.id, body_pieces.c.piece)
    with engine.connect() as connection:
        for ref, piece in connection.execute(query.order_by(body_pieces.c.id, body_pieces.c.n)):
            found.setdefault(ref, []).append(bytes(piece))
    return found


def sizes(engine: Engine) -> dict[int, list[int]]:
    """How many bytes they have."""
    return {ref: list(map(len, pieces)) for ref, pieces in frames_of(engine).items()}


def all_text(engine: Engine) -> bytes:
    """Whatever is kept of all bodies."""
    return b"".join(unpacked(b"".join(pieces)) for pieces in frames_of(engine).values())


def test_neighbours_share_a_frame(engine: Engine) -> None:
    places = stored(engine, SMALL)
    assert sum(map(len, sizes(engine).values())) == 1
    assert {place.segment for place in places} == {SHARED}
    with engine.connect() as connection:
        assert read(connection, *places) == SMALL
        assert read(connection, *places[::-1], places[3]) == [*SMALL[::-1], SMALL[3]]


def test_what_does_not_fill_a_page_stands_together(engine: Engine) -> None:
    stored(engine, [random_body(n * PIECE_BYTES + 500) for n in (20, 25, 30)])
    lengths = text("SELECT octet_length(piece) FROM body_pieces ORDER BY ctid")
    with engine.connect() as connection:
        *full, _, _, _ = found = connection.execute(lengths).scalars().all()
    assert set(full) == {PIECE_BYTES}
    assert max(found[-3:]) < PIECE_BYTES
    assert len(full) == 75


@pytest.mark.parametrize("n_bytes", [ROOM - 1, ROOM, ROOM + 1, 3 * ROOM])
def test_a_body_that_fills_a_frame_has_it_alone(engine: Engine, n_bytes: int) -> None:
    bodies = [SMALL[0], random_body(n_bytes), SMALL[1], SMALL[2]]
    places = stored(engine, bodies)
    frames = [frame_and_start(place.offset)[0] for place in places]
    assert len(set(frames)) == 3
    assert frames[2] == frames[3]
    with engine.connect() as connection:
        assert read(connection, *places) == bodies
    remove(engine, places[1])
    assert set(sizes(engine)) == set(frames) - {frames[1]}
    with engine.connect() as connection:
        assert is_gone(connection, places[1])
        assert read(connection, places[0], *places[2:]) == [SMALL[0], *SMALL[1:3]]


def test_many_small_bodies_and_some_large_ones_in_any_order(engine: Engine) -> None:
    chance = random.Random(1)
    bodies = [random_body(chance.choice([2, 900, 40_000, ROOM // 2, ROOM])) for _ in range(200)]
    places = stored(engine, bodies)
    kept = sorted(chance.sample(range(200), 60))
    gone = [places[n] for n in range(200) if n not in kept]
    chance.shuffle(gone)
    remove(engine, *gone, *gone[:9])
    with engine.connect() as connection:
        assert read(connection, *(places[n] for n in kept)) == [bodies[n] for n in kept]
        assert all(is_gone(connection, place) for place in gone)
    remove(engine, *places)
    assert sizes(engine) == {}


def test_what_is_removed_is_nowhere_and_the_others_stay(engine: Engine) -> None:
    places = stored(engine, SMALL)
    remove(engine, places[4], places[4])
    assert b"canary-4" not in all_text(engine)
    with engine.connect() as connection:
        assert is_gone(connection, places[4])
        assert read(connection, *places[:4], *places[5:]) == SMALL[:4] + SMALL[5:]
    remove(engine, *places[5:], places[0])
    assert b"canary-3" in all_text(engine)
    remove(engine, places[4], *places[1:4])
    assert sizes(engine) == {}
    remove(engine, *places)


def test_a_frame_may_have_fewer_pieces_than_before(engine: Engine) -> None:
    bodies = [random_body(3 * PIECE_BYTES) for _ in range(4)]
    places = stored(engine, bodies)
    (before,) = sizes(engine).values()
    for n in range(3):
        remove(engine, places[n])
        with engine.connect() as connection:
            assert read(connection, *places[n + 1 :]) == bodies[n + 1 :]
        ((*full, end),) = sizes(engine).values()
        assert set(full) == {PIECE_BYTES}
        assert len(full) + 1 == len(before) - 3 * (n + 1)
        assert 0 < end <= PIECE_BYTES


def test_a_frame_may_have_more_pieces_than_before(engine: Engine) -> None:
    """Whoever stored it had a better compressor."""
    chance = random.Random(1)
    words = [chance.randbytes(chance.randrange(3, 9)).hex() for _ in range(20_000)]
    bodies = ["\n" + " ".join(chance.choices(words, k=6000)) for _ in range(3)]
    encoded = [body.encode() for body in bodies]
    better = PieceBodies()
    better._packer = Better()  # pyright: ignore[reportPrivateUsage]
    with engine.begin() as connection:
        places = better.append(connection, [(body,) for body in (SMALL[0], *encoded)])
    (before,) = sizes(engine).values()
    remove(engine, places[0])
    (after,) = sizes(engine).values()
    assert len(after) > len(before)
    with engine.connect() as connection:
        assert read(connection, *places[1:]) == encoded


class Better(Packer):
    """Slow, and smaller."""

    def pack(self, body: Pieces) -> bytes:
        """One frame."""
        return zstd.compress(b"".join(body), 19)


def test_what_is_rolled_back_was_never_removed(engine: Engine) -> None:
    bodies = PieceBodies()
    places = stored(engine, SMALL)
    with engine.connect() as connection:
        bodies.delete(connection, places[2:5])
        assert is_gone(connection, places[3])
        connection.rollback()
        bodies.delete(connection, places)
        connection.rollback()
        assert read(connection, *places) == SMALL
        (later,) = bodies.append(connection, [(SMALL[0],)])
        connection.commit()
        assert read(connection, later, places[3]) == [SMALL[0], SMALL[3]]


@pytest.mark.parametrize("second", [[3], [5, 4], [0, 1, 3, 4, 5, 6, 7, 8]])
def test_two_who_remove_from_one_frame_both_do(engine: Engine, second: list[int]) -> None:
    places = stored(engine, SMALL)
    with ThreadPoolExecutor() as pool:
        with engine.begin() as connection:
            PieceBodies().delete(connection, [places[2]])
            other = pool.submit(remove, engine, *(places[n] for n in second))
            wait_for_waiting(engine, other)
        other.result(timeout=30)
    gone = {2, *second}
    with engine.connect() as connection:
        assert [is_gone(connection, place) for place in places] == [n in gone for n in range(9)]
        left = [n for n in range(9) if n not in gone]
        assert read(connection, *(places[n] for n in left)) == [SMALL[n] for n in left]
    assert len(sizes(engine)) == bool(left)
    assert not any(b"canary-%d " % n in all_text(engine) for n in gone)


def test_who_comes_second_finds_the_frame_gone(engine: Engine) -> None:
    places = stored(engine, SMALL)
    with ThreadPoolExecutor() as pool:
        with engine.begin() as connection:
            PieceBodies().delete(connection, places)
            other = pool.submit(remove, engine, *places[3:5])
            wait_for_waiting(engine, other)
        other.result(timeout=30)
    assert sizes(engine) == {}


def test_two_who_remove_from_many_frames_do_not_wait_in_a_circle(engine: Engine) -> None:
    """One holds some of their frames and waits for another when the second begins, at the other end."""
    bodies = [random_body(ROOM // 3) for _ in range(300)]
    places = stored(engine, bodies)
    one, other = places[1::3][::-1], places[::3]
    assert len({frame_and_start(place.offset)[0] for place in one}) == 100
    with ThreadPoolExecutor() as pool:
        with engine.begin() as connection:
            PieceBodies().delete(connection, [places[3 * 50 + 2]])
            ends = [pool.submit(remove, engine, *one)]
            wait_for_waiting(engine, *ends)
            ends.append(pool.submit(remove, engine, *other))
            wait_for_waiting(engine, *ends)
        for end in ends:
            end.result(timeout=60)
    kept = [n for n in range(2, 300, 3) if n != 3 * 50 + 2]
    with engine.connect() as connection:
        assert read(connection, *(places[n] for n in kept)) == [bodies[n] for n in kept]
        assert all(is_gone(connection, place) for place in (*one, *other))


def wait_for_waiting(engine: Engine, *others: Future[None]) -> None:
    """Until each waits for a lock of another."""

    def n_waiting() -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql(WAITING).scalar_one())

    deadline = time.monotonic() + PATIENCE
    while n_waiting() < len(others):
        assert not any(other.done() for other in others), "it did not wait"
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_reader_sees_what_there_was_when_it_began(url: str, engine: Engine) -> None:
    places = stored(engine, SMALL)
    reading = reading_engine(database_url(url))
    with reading.connect() as old, reading.connect() as new:
        assert read(old, places[0]) == SMALL[:1]
        remove(engine, places[4])
        assert read(old, *places) == SMALL
        with pytest.raises(BodyMoved):
            read(new, *places)
        assert read(new, places[3], places[5]) == [SMALL[3], SMALL[5]]
        remove(engine, *places)
        assert read(old, *places) == SMALL
    with reading.connect() as new:
        assert all(is_gone(new, place) for place in places)
    reading.dispose()


def sent(store: Store) -> list[str]:
    """One request of several sessions; their names."""
    names = [f"s{n}" for n in range(7)]
    chunks = [
        record(1, trace=f"{n + 1:032x}", session=name, name=f"canary of {name}")
        for n, name in enumerate(names)
    ]
    assert send(store, *chunks).n_new == len(names)
    return names


def spans_of(store: Store, names: list[str]) -> list[Snapshot]:
    """All that is known of their spans."""
    found = [store.load_spans(SessionKey.of("p", name)) for name in names]
    assert all(snapshot.spans for snapshot in found)
    return found


def test_a_deleted_session_leaves_those_of_its_frame(url: str, engine: Engine) -> None:
    with Store.open(url, clock=Clock()) as store:
        names = sent(store)
        assert len(sizes(engine)) == 1
        kept = names[:3] + names[4:]
        before = spans_of(store, kept)
        removed = store.forget_sessions(store.find_sessions(names[3], None))
        assert (removed.n_sessions, removed.n_spans) == (1, 1)
        assert len(sizes(engine)) == 1
        assert b"canary of s3" not in all_text(engine)
        assert b"canary of s4" in all_text(engine)
        assert spans_of(store, kept) == before
        for name in kept:
            store.forget_sessions(store.find_sessions(name, None))
        assert sizes(engine) == {}


def test_frames_are_parted_for_an_older_release(url: str, engine: Engine) -> None:
    with Store.open(url, clock=Clock()) as store:
        names = sent(store)
        large = random_body(3 * PIECE_BYTES).hex()
        send(store, record(1, trace="a" * 32, session="large", name=large))
        store.forget_sessions(store.find_sessions(names.pop(3), None))
        names.append("large")
        before = spans_of(store, names)
    for trace in ("b" * 32, "c" * 32):
        downgrade(engine, "0010")
        assert_parted(engine, len(names))
        with Store.open(url, clock=Clock()) as store:
            assert spans_of(store, names) == before
            late = record(1, trace=trace, session=trace)
            assert send(store, late).n_new == 1
            assert send(store, late).n_duplicate == 1
            store.forget_sessions(store.find_sessions(names.pop(0), None))
            names.append(trace)
            before = spans_of(store, names)


def assert_parted(engine: Engine, n_bodies: int) -> None:
    """Every body as revision 0010 has it: the chunk says which frame, and that has nothing else."""
    chunks = text('SELECT segment, "offset", length FROM trace_chunks ORDER BY "offset"')
    pieces = text("SELECT piece FROM body_pieces WHERE id = :id ORDER BY n")
    with engine.connect() as connection:
        found = connection.execute(chunks).all()
        assert {chunk.segment for chunk in found} == {-1}
        for chunk in found:
            frame = b"".join(connection.execute(pieces, {"id": chunk.offset}).scalars())
            assert len(unpacked(frame)) == chunk.length
        frames = connection.execute(text("SELECT DISTINCT id FROM body_pieces ORDER BY id"))
        assert list(frames.scalars()) == [chunk.offset for chunk in found]
        assert len(found) == n_bodies
        largest = text("SELECT max(octet_length(piece)) FROM body_pieces")
        assert connection.execute(largest).scalar_one() <= PIECE_BYTES


def test_a_process_of_an_older_release_removes_nothing(engine: Engine) -> None:
    """It would leave the text of what it removed."""
    old = text("SELECT segment, packed_keys FROM trace_chunks")
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="does not exist"):
        connection.execute(old)


def test_what_comes_again_is_read_together(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = [
        record(1, trace=f"{n + 1:032x}", session=f"s{n}", name=f"chat {n}") for n in range(50)
    ]
    asked: list[set[int]] = []
    frames = piece_bodies._frames  # pyright: ignore[reportPrivateUsage]

    def counting(connection: Connection, refs: Iterable[int]) -> dict[int, bytes]:
        asked.append(set(refs))
        return frames(connection, asked[-1])

    monkeypatch.setattr(piece_bodies, "_frames", counting)
    with Store.open(url) as store:
        assert send(store, *chunks).n_new == 50
        assert asked == []
        other = record(1, trace=chunks[7].trace_id, session="s7", name="chat 8")
        found = send(store, *chunks[:30], other, *chunks[30:])
        assert (found.n_duplicate, found.n_replaced, found.n_new) == (50, 1, 0)
        assert len(asked[0]) == 1
        assert len(asked) == 2, (
            "all that may be the same at once, and the one that has two contents"
        )


def test_a_frame_is_unpacked_once_a_handful(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [random_body(ROOM // 8) for _ in range(14)]
    places = stored(engine, bodies)
    assert len({frame_and_start(place.offset)[0] for place in places}) == 2
    order = [0, 13, 1, 12, 0, 11]
    n_unpacked = 0

    def counting(frame: bytes) -> bytes:
        nonlocal n_unpacked
        n_unpacked += 1
        return unpacked(frame)

    monkeypatch.setattr(piece_bodies, "unpacked", counting)
    with engine.connect() as connection:
        assert read(connection, *(places[n] for n in order)) == [bodies[n] for n in order]
    assert n_unpacked == 2
