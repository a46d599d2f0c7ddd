"""What SQLite must hold; errors of the database say nothing of the data."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.errors import Permanent, StoreUnavailable
from pipeline.store import Store
from pipeline.store.dialect import database_url, prepare_database, writing_engine
from tests.store.storekit import new_store, record, send


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store.open(str(path)).close()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Permanent):
        Store.open(str(path))


def test_acknowledged_commits_survive_a_power_cut(tmp_path: Path) -> None:
    url = database_url(str(tmp_path / "store.db"))
    engine = writing_engine(url)
    prepare_database(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()


def test_a_file_that_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    """SQLite does not wait by itself when it switches to its write-ahead log."""
    path = tmp_path / "store.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE held (n)")
        opened = pool.submit(Store.open, str(path))
        time.sleep(0.2)
        assert not opened.done()
        other.execute("ROLLBACK")
        opened.result(timeout=20).close()


def test_errors_say_nothing_of_the_data(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        broken = record(1, session="canary-4711")._replace(pieces=("canary-4711",))  # pyright: ignore[reportArgumentType]
        with pytest.raises(StoreUnavailable) as caught:
            send(store, broken)
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert send(store, record(1, session="s")).n_new == 1


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"canary" * 1000)
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(str(path))
    assert "canary" not in str(caught.value)


def test_ping_answers(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        store.ping()
