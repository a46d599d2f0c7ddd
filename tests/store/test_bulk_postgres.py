"""PostgreSQL by the hundred: arrays as text say what was meant, and no plan outlives its table."""

import os
import sys

import pytest
from sqlalchemy import Engine, text

from pipeline.model.session import SessionKey
from pipeline.store import Store
from pipeline.store.bodies import Place
from pipeline.store.bulk_postgres import array_text, copy_rows, insert_unless_there
from pipeline.store.dialect import lock_ingest
from pipeline.store.piece_bodies import PIECE_BYTES, PieceBodies
from pipeline.store.row_ids import new_ids
from pipeline.store.schema import body_pieces, sessions, traces
from tests.store.storekit import record, send

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.slow

NAMES = [
    "plain",
    'with "quotes"',
    "back\\slash",
    "com,ma",
    "{brace}",
    " ",
    "NULL",
    "ü",
    "new\nline",
]


def test_names_of_any_kind_come_back(postgres: Engine) -> None:
    names = text("SELECT value FROM unnest(CAST(:given AS text[])) AS one(value)")
    numbers = text("SELECT value FROM unnest(CAST(:given AS int8[])) AS one(value)")
    with postgres.connect() as connection:
        for given in (NAMES, NAMES[:1], NAMES[1:2]):
            found = connection.execute(names, {"given": array_text(given)}).scalars()
            assert list(found) == given
        many = [3, -1, 2**62]
        assert list(connection.execute(numbers, {"given": array_text(many)}).scalars()) == many


def test_plans_are_made_anew_as_tables_grow(postgres: Engine) -> None:
    with postgres.connect() as connection:
        mode = connection.exec_driver_sql("SHOW plan_cache_mode").scalar_one()
    assert mode == "force_custom_plan"


def test_sessions_of_any_name_are_made_together_and_found_again(postgres_url: str) -> None:
    with Store.open(postgres_url) as store:
        chunks = [record(1, trace=f"{n + 1:032x}", session=name) for n, name in enumerate(NAMES)]
        assert send(store, *chunks).n_new == len(NAMES)
        assert send(store, *chunks).n_duplicate == len(NAMES)
        for name in NAMES:
            found = store.load_spans(SessionKey.of("p", name))
            assert len(found.spans) == 1


def test_ids_drawn_ahead_belong_to_one_connection(postgres: Engine) -> None:
    taken: list[int] = []
    with postgres.connect() as one, postgres.connect() as other:
        for connection, n in ((one, 3), (other, 2), (one, 1500), (other, 1100), (one, 7)):
            ids = new_ids(connection, traces, n)
            assert len(ids) == n
            taken += ids
            connection.rollback()
    assert len(set(taken)) == len(taken)


def test_ids_of_sessions_come_in_order(postgres: Engine) -> None:
    with postgres.connect() as one, postgres.connect() as other:
        drawn = [
            *new_ids(one, sessions, 2),
            *new_ids(other, sessions, 2),
            *new_ids(one, sessions, 1),
        ]
    assert drawn == list(range(drawn[0], drawn[0] + 5))


def test_spans_are_looked_up_by_index_and_nothing_else_is(postgres: Engine) -> None:
    with postgres.connect() as connection:
        for alone, scans in ((False, "off"), (True, "on")):
            lock_ingest(connection, alone=alone)
            assert connection.exec_driver_sql("SHOW enable_seqscan").scalar_one() == scans
            connection.rollback()
            assert connection.exec_driver_sql("SHOW enable_seqscan").scalar_one() == "on"


def test_rows_whose_key_is_taken_are_left_out(postgres: Engine) -> None:
    def row(ref: int, session_id: str, none: int | None) -> tuple[object, ...]:
        text_of = ("waiting", "", "unknown", "{}", "[]", "")
        return (ref, "p", session_id, session_id, 1, 0, 1, *text_of, True, 0, 0, 0, none)

    with postgres.begin() as connection:
        for rows in ([row(1, "a", 5)], [row(2, "a", 5), row(3, 'b"\0', None), row(4, "c\\", 7)]):
            insert_unless_there(connection, sessions, rows)
        found = connection.exec_driver_sql("SELECT id, session_id, dirty_since FROM sessions")
        assert sorted(map(tuple, found)) == [(1, "a", 5), (3, 'b"\ufffd', None), (4, "c\\", 7)]


def test_bodies_of_older_releases_are_read(postgres: Engine) -> None:
    body = b"word " * 10_000
    bodies = PieceBodies()
    with postgres.begin() as connection:
        old = zstd.compress(body, 1)
        row = {"id": 1_000_000, "n": 0, "piece": old}
        connection.execute(body_pieces.insert(), [row])
        random = [b"\n" + os.urandom(n) for n in (PIECE_BYTES * 3 + 5, PIECE_BYTES, 0)]
        places = bodies.append(connection, [(body,), *((some[:9], some[9:]) for some in random)])
        places.append(Place(-1, 1_000_000, len(body)))
        assert list(bodies.read(connection, places)) == [body, *random, body]


def test_texts_with_a_nul_are_copied_without_it(postgres: Engine) -> None:
    rows = [
        (1, "\0t", "", 0, 0, 0, None, None, "", False),
        (2, "t", "", 0, 0, 0, "s\0", None, "p", True),
    ]
    with postgres.begin() as connection:
        copy_rows(connection, traces, rows)
        found = connection.exec_driver_sql("SELECT trace_id, own_session FROM traces ORDER BY id")
        assert list(map(tuple, found)) == [("\ufffdt", None), ("t", "s\ufffd")]
