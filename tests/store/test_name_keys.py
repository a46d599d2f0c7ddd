"""Sessions and traces are found by name, whichever table their keys lie in; SQLite only."""

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.session import SessionKey, session_digest
from pipeline.store import Store, name_keys
from pipeline.store.dialect import database_url, reading_engine
from pipeline.store.name_keys import BY_KEY, SESSIONS, TRACES, Named, session_key, trace_key
from pipeline.store.plain_sql import rows_in
from tests.store.storekit import Clock, new_store, record, send, signal

TABLES = ("fresh_name_keys", "name_keys")
MANY_KEYS = """
WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many)
INSERT INTO name_keys SELECT random(), -n FROM many LIMIT ?
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path, Clock()) as opened:
        yield opened


def trace_id(n: int) -> str:
    return f"{n:032x}"


def fill(store: Store, numbers: range) -> None:
    """A trace and a session each."""
    send(store, *(record(1, trace=trace_id(n), session=f"s{n}") for n in numbers))


def database_of(folder: Path) -> Path:
    (path,) = folder.rglob("store.db")
    return path


def ask(folder: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(database_of(folder))) as raw:
        return raw.execute(statement).fetchall()


def n_keys(folder: Path) -> list[int]:
    return [ask(folder, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]


def test_keys_are_filed_and_names_are_still_found(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_keys, "MAX_FRESH", 20)
    for first in range(0, 44, 4):
        fill(store, range(first, first + 4))
    n_fresh, n_filed = n_keys(tmp_path)
    assert n_fresh + n_filed == 2 * 44
    assert 0 < n_fresh <= 20 < n_filed
    for n in range(44):
        known = send(store, record(1, trace=trace_id(n), session=f"s{n}"))
        assert (known.n_new, known.n_duplicate) == (0, 1)
        assert len(store.load_spans(SessionKey.of("p", f"s{n}")).spans) == 1
        assert [s.session_id for s in store.list_sessions("p", session_id=f"s{n}")[0]] == [f"s{n}"]
    store.commit_signals([signal("i", trace=trace_id(0)), signal("j", trace=trace_id(43))])
    assert store.coverage("p").waiting_for_spans == 0
    assert store.coverage("p").received == 44


def test_removed_names_leave_no_key(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_keys, "MAX_FRESH", 6)
    for n in range(5):
        fill(store, range(n, n + 1))
    assert all(n_keys(tmp_path))
    named = [one for n in range(5) for one in store.find_sessions(f"s{n}", "p")]
    assert store.forget_sessions(named).n_sessions == 5
    assert n_keys(tmp_path) == [0, 0]


def test_names_that_share_a_key_are_told_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Named, "key", property(lambda _: lambda _name: 4))  # pyright: ignore[reportUnknownLambdaType]
    fill(store, range(6))
    send(store, record(2, trace=trace_id(3), session="s3"), record(1, trace=trace_id(9)))
    for n in range(6):
        loaded = store.load_spans(SessionKey.of("p", f"s{n}"))
        assert len(loaded.spans) == (2 if n == 3 else 1)
    assert store.coverage("p").received == 7


def test_one_session_id_in_two_projects(store: Store) -> None:
    send(store, record(1, trace=trace_id(1), session="s", project="p"))
    send(store, record(1, trace=trace_id(2), session="s", project="q"))
    assert [len(store.load_spans(SessionKey.of(p, "s")).spans) for p in "pq"] == [1, 1]


@pytest.mark.parametrize("named", [SESSIONS, TRACES])
def test_no_table_is_scanned_for_a_name(store: Store, tmp_path: Path, named: Named) -> None:
    fill(store, range(3))
    name = session_digest("s1") if named is SESSIONS else trace_id(1)
    engine = reading_engine(database_url(str(database_of(tmp_path))))
    with engine.connect() as connection:
        chosen = named.table.select().where(named.has(connection, [name, name]))
        text = str(chosen.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
        assert len(connection.execute(chosen).all()) == 1
        under = f"EXPLAIN QUERY PLAN SELECT id FROM {named.table.name} WHERE {BY_KEY}"
        of_many = rows_in(connection, under, [1, 2])
    engine.dispose()
    told = [str(step[-1]) for step in (*plan, *of_many)]
    assert not [s for s in told if s.startswith("SCAN") and "json_each" not in s]
    assert sum("fresh_name_keys USING PRIMARY KEY" in step for step in told) == 2


@pytest.mark.parametrize(("n_known", "n_pages"), [(0, 120), (200_000, 130)])
def test_commits_write_few_pages_however_many_names_are_known(
    tmp_path: Path, n_known: int, n_pages: int
) -> None:
    """128 names of each kind would touch 250 pages of large indexes over them. Moving keys counts."""
    with new_store(tmp_path, Clock()) as store:
        fill(store, range(1))
        with closing(sqlite3.connect(database_of(tmp_path))) as raw, raw:
            raw.execute(MANY_KEYS, (n_known,))
        with log_that_only_grows(tmp_path):
            before = n_frames(tmp_path)
            n_commits = 2 * name_keys.MAX_FRESH // 256 + 1  # the last one moves keys again
            for n in range(n_commits):
                fill(store, range(1 + 128 * n, 129 + 128 * n))
            assert all(n_keys(tmp_path))
            assert 50 < (n_frames(tmp_path) - before) / n_commits < n_pages


@contextmanager
def log_that_only_grows(folder: Path) -> Generator[None]:
    """Who still reads what was there before keeps the write-ahead log from being begun anew."""
    with closing(sqlite3.connect(database_of(folder), isolation_level=None)) as reader:
        reader.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        reader.execute("BEGIN").close()
        assert reader.execute("SELECT count(*) FROM sessions").fetchone()
        yield


def n_frames(folder: Path) -> int:
    """Pages in the write-ahead log."""
    return (database_of(folder).with_name("store.db-wal").stat().st_size - 32) // (4096 + 24)


def test_a_process_of_an_older_release_is_refused(store: Store, tmp_path: Path) -> None:
    """It would store rows without keys. This is how it counts the bytes of every commit."""
    fill(store, range(1))
    with (
        closing(sqlite3.connect(database_of(tmp_path))) as raw,
        pytest.raises(sqlite3.OperationalError, match="no such table: segments"),
    ):
        raw.execute("INSERT INTO segments (id, n_live) VALUES (1, 1)")


@pytest.mark.parametrize("digest", ["", "zz", "-" + "f" * 40, "ａ" * 64])
def test_what_is_no_digest_is_not_known(store: Store, digest: str) -> None:
    fill(store, range(2))
    assert store.session_clock(SessionKey(project="p", digest=digest)) is None


@given(st.text(max_size=40))
def test_keys_fit_the_column_and_the_two_kinds_never_meet(name: str) -> None:
    of_session, of_trace = session_key(session_digest(name)), trace_key(name)
    assert all(-(2**63) <= key < 2**63 for key in (of_session, of_trace))
    assert (of_session % 2, of_trace % 2) == (0, 1)
