"""Several who remove and read bodies of one frame at once on PostgreSQL."""

import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from pipeline.store.bodies import BodyMoved
from pipeline.store.dialect import database_url, reading_engine
from pipeline.store.frames import ROOM, frame_and_start
from pipeline.store.piece_bodies import PieceBodies
from tests.store.frameskit import SMALL, all_text, is_gone, random_body, read, remove, sizes, stored
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_what_is_rolled_back_was_never_removed(postgres: Engine) -> None:
    bodies = PieceBodies()
    places = stored(postgres, SMALL)
    with postgres.connect() as connection:
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
def test_two_who_remove_from_one_frame_both_do(postgres: Engine, second: list[int]) -> None:
    places = stored(postgres, SMALL)
    with ThreadPoolExecutor() as pool:
        with postgres.begin() as connection:
            PieceBodies().delete(connection, [places[2]])
            other = pool.submit(remove, postgres, *(places[n] for n in second))
            wait_for_waiting(postgres, other)
        other.result(timeout=30)
    gone = {2, *second}
    with postgres.connect() as connection:
        assert [is_gone(connection, place) for place in places] == [n in gone for n in range(9)]
        left = [n for n in range(9) if n not in gone]
        assert read(connection, *(places[n] for n in left)) == [SMALL[n] for n in left]
    assert len(sizes(postgres)) == bool(left)
    assert not any(b"canary-%d " % n in all_text(postgres) for n in gone)


def test_who_comes_second_finds_the_frame_gone(postgres: Engine) -> None:
    places = stored(postgres, SMALL)
    with ThreadPoolExecutor() as pool:
        with postgres.begin() as connection:
            PieceBodies().delete(connection, places)
            other = pool.submit(remove, postgres, *places[3:5])
            wait_for_waiting(postgres, other)
        other.result(timeout=30)
    assert sizes(postgres) == {}


def test_two_who_remove_from_many_frames_do_not_wait_in_a_circle(postgres: Engine) -> None:
    """One holds some of their frames and waits for another when the second begins, at the other end."""
    bodies = [random_body(ROOM // 3) for _ in range(300)]
    places = stored(postgres, bodies)
    one, other = places[1::3][::-1], places[::3]
    assert len({frame_and_start(place.offset)[0] for place in one}) == 100
    with ThreadPoolExecutor() as pool:
        with postgres.begin() as connection:
            PieceBodies().delete(connection, [places[3 * 50 + 2]])
            ends = [pool.submit(remove, postgres, *one)]
            wait_for_waiting(postgres, *ends)
            ends.append(pool.submit(remove, postgres, *other))
            wait_for_waiting(postgres, *ends)
        for end in ends:
            end.result(timeout=60)
    kept = [n for n in range(2, 300, 3) if n != 3 * 50 + 2]
    with postgres.connect() as connection:
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


def test_a_reader_sees_what_there_was_when_it_began(postgres_url: str, postgres: Engine) -> None:
    places = stored(postgres, SMALL)
    reading = reading_engine(database_url(postgres_url))
    with reading.connect() as old, reading.connect() as new:
        assert read(old, places[0]) == SMALL[:1]
        remove(postgres, places[4])
        assert read(old, *places) == SMALL
        with pytest.raises(BodyMoved):
            read(new, *places)
        assert read(new, places[3], places[5]) == [SMALL[3], SMALL[5]]
        remove(postgres, *places)
        assert read(old, *places) == SMALL
    with reading.connect() as new:
        assert all(is_gone(new, place) for place in places)
    reading.dispose()
