"""Bodies that share a frame on PostgreSQL: each is read, removed and taken back as if it were alone."""

import random
import sys
from collections.abc import Iterable

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from pipeline.model.answers import Snapshot
from pipeline.model.session import SessionKey
from pipeline.model.trace_chunk import Pieces
from pipeline.store import Store, piece_bodies
from pipeline.store.compression import Packer, unpacked
from pipeline.store.frames import ROOM, frame_and_start
from pipeline.store.migrate import downgrade
from pipeline.store.piece_bodies import PIECE_BYTES, SHARED, PieceBodies
from tests.store.frameskit import (
    SMALL,
    all_text,
    is_gone,
    random_body,
    read,
    remove,
    sizes,
    stored,
)
from tests.store.storekit import Clock, record, send

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.slow


def test_neighbours_share_a_frame(postgres: Engine) -> None:
    places = stored(postgres, SMALL)
    assert sum(map(len, sizes(postgres).values())) == 1
    assert {place.segment for place in places} == {SHARED}
    with postgres.connect() as connection:
        assert read(connection, *places) == SMALL
        assert read(connection, *places[::-1], places[3]) == [*SMALL[::-1], SMALL[3]]


def test_what_does_not_fill_a_page_stands_together(postgres: Engine) -> None:
    stored(postgres, [random_body(n * PIECE_BYTES + 500) for n in (20, 25, 30)])
    lengths = text("SELECT octet_length(piece) FROM body_pieces ORDER BY ctid")
    with postgres.connect() as connection:
        *full, _, _, _ = found = connection.execute(lengths).scalars().all()
    assert set(full) == {PIECE_BYTES}
    assert max(found[-3:]) < PIECE_BYTES
    assert len(full) == 75


@pytest.mark.parametrize("n_bytes", [ROOM - 1, ROOM, ROOM + 1, 3 * ROOM])
def test_a_body_that_fills_a_frame_has_it_alone(postgres: Engine, n_bytes: int) -> None:
    bodies = [SMALL[0], random_body(n_bytes), SMALL[1], SMALL[2]]
    places = stored(postgres, bodies)
    frames = [frame_and_start(place.offset)[0] for place in places]
    assert len(set(frames)) == 3
    assert frames[2] == frames[3]
    with postgres.connect() as connection:
        assert read(connection, *places) == bodies
    remove(postgres, places[1])
    assert set(sizes(postgres)) == set(frames) - {frames[1]}
    with postgres.connect() as connection:
        assert is_gone(connection, places[1])
        assert read(connection, places[0], *places[2:]) == [SMALL[0], *SMALL[1:3]]


def test_many_small_bodies_and_some_large_ones_in_any_order(postgres: Engine) -> None:
    chance = random.Random(1)
    bodies = [random_body(chance.choice([2, 900, 40_000, ROOM // 2, ROOM])) for _ in range(200)]
    places = stored(postgres, bodies)
    kept = sorted(chance.sample(range(200), 60))
    gone = [places[n] for n in range(200) if n not in kept]
    chance.shuffle(gone)
    remove(postgres, *gone, *gone[:9])
    with postgres.connect() as connection:
        assert read(connection, *(places[n] for n in kept)) == [bodies[n] for n in kept]
        assert all(is_gone(connection, place) for place in gone)
    remove(postgres, *places)
    assert sizes(postgres) == {}


def test_what_is_removed_is_nowhere_and_the_others_stay(postgres: Engine) -> None:
    places = stored(postgres, SMALL)
    remove(postgres, places[4], places[4])
    assert b"canary-4" not in all_text(postgres)
    with postgres.connect() as connection:
        assert is_gone(connection, places[4])
        assert read(connection, *places[:4], *places[5:]) == SMALL[:4] + SMALL[5:]
    remove(postgres, *places[5:], places[0])
    assert b"canary-3" in all_text(postgres)
    remove(postgres, places[4], *places[1:4])
    assert sizes(postgres) == {}
    remove(postgres, *places)


def test_a_frame_may_have_fewer_pieces_than_before(postgres: Engine) -> None:
    bodies = [random_body(3 * PIECE_BYTES) for _ in range(4)]
    places = stored(postgres, bodies)
    (before,) = sizes(postgres).values()
    for n in range(3):
        remove(postgres, places[n])
        with postgres.connect() as connection:
            assert read(connection, *places[n + 1 :]) == bodies[n + 1 :]
        ((*full, end),) = sizes(postgres).values()
        assert set(full) == {PIECE_BYTES}
        assert len(full) + 1 == len(before) - 3 * (n + 1)
        assert 0 < end <= PIECE_BYTES


def test_a_frame_may_have_more_pieces_than_before(postgres: Engine) -> None:
    """Whoever stored it had a better compressor."""
    chance = random.Random(1)
    words = [chance.randbytes(chance.randrange(3, 9)).hex() for _ in range(20_000)]
    bodies = ["\n" + " ".join(chance.choices(words, k=6000)) for _ in range(3)]
    encoded = [body.encode() for body in bodies]
    better = PieceBodies()
    better._packer = Better()  # pyright: ignore[reportPrivateUsage]
    with postgres.begin() as connection:
        places = better.append(connection, [(body,) for body in (SMALL[0], *encoded)])
    (before,) = sizes(postgres).values()
    remove(postgres, places[0])
    (after,) = sizes(postgres).values()
    assert len(after) > len(before)
    with postgres.connect() as connection:
        assert read(connection, *places[1:]) == encoded


class Better(Packer):
    """Slow, and smaller."""

    def pack(self, body: Pieces) -> bytes:
        """One frame."""
        return zstd.compress(b"".join(body), 19)


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


def test_a_deleted_session_leaves_those_of_its_frame(postgres_url: str, postgres: Engine) -> None:
    with Store.open(postgres_url, clock=Clock()) as store:
        names = sent(store)
        assert len(sizes(postgres)) == 1
        kept = names[:3] + names[4:]
        before = spans_of(store, kept)
        removed = store.forget_sessions(store.find_sessions(names[3], None))
        assert (removed.n_sessions, removed.n_spans) == (1, 1)
        assert len(sizes(postgres)) == 1
        assert b"canary of s3" not in all_text(postgres)
        assert b"canary of s4" in all_text(postgres)
        assert spans_of(store, kept) == before
        for name in kept:
            store.forget_sessions(store.find_sessions(name, None))
        assert sizes(postgres) == {}


def test_frames_are_parted_for_an_older_release(postgres_url: str, postgres: Engine) -> None:
    with Store.open(postgres_url, clock=Clock()) as store:
        names = sent(store)
        large = random_body(3 * PIECE_BYTES).hex()
        send(store, record(1, trace="a" * 32, session="large", name=large))
        store.forget_sessions(store.find_sessions(names.pop(3), None))
        names.append("large")
        before = spans_of(store, names)
    for trace in ("b" * 32, "c" * 32):
        downgrade(postgres, "0010")
        assert_parted(postgres, len(names))
        with Store.open(postgres_url, clock=Clock()) as store:
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


def test_a_process_of_an_older_release_removes_nothing(postgres: Engine) -> None:
    """It would leave the text of what it removed."""
    old = text("SELECT segment, packed_keys FROM trace_chunks")
    with postgres.connect() as connection, pytest.raises(ProgrammingError, match="does not exist"):
        connection.execute(old)


def test_what_comes_again_is_read_together(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = [
        record(1, trace=f"{n + 1:032x}", session=f"s{n}", name=f"chat {n}") for n in range(50)
    ]
    asked: list[set[int]] = []
    frames = piece_bodies._frames  # pyright: ignore[reportPrivateUsage]

    def counting(connection: Connection, refs: Iterable[int]) -> dict[int, bytes]:
        asked.append(set(refs))
        return frames(connection, asked[-1])

    monkeypatch.setattr(piece_bodies, "_frames", counting)
    with Store.open(postgres_url) as store:
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
    postgres: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [random_body(ROOM // 8) for _ in range(14)]
    places = stored(postgres, bodies)
    assert len({frame_and_start(place.offset)[0] for place in places}) == 2
    order = [0, 13, 1, 12, 0, 11]
    n_unpacked = 0

    def counting(frame: bytes) -> bytes:
        nonlocal n_unpacked
        n_unpacked += 1
        return unpacked(frame)

    monkeypatch.setattr(piece_bodies, "unpacked", counting)
    with postgres.connect() as connection:
        assert read(connection, *(places[n] for n in order)) == [bodies[n] for n in order]
    assert n_unpacked == 2
