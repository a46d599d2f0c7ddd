"""A store whose file could not be written for a while writes again as soon as it can, without a restart."""

import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from pipeline.errors import StoreUnavailable
from pipeline.store import Store
from tests.collector.volume import set_immutable
from tests.store.storekit import new_store, record, send


def _open_read_only(store: Store) -> None:
    """The connection that the writer opens next."""
    engine = store._writing  # pyright: ignore[reportPrivateUsage]
    engine.dispose()

    def on_connect(_dialect: object, _record: object, given: list[str], _options: object) -> Any:
        return sqlite3.connect(f"file:{given[0]}?mode=ro", uri=True, check_same_thread=False)

    event.listen(engine, "do_connect", on_connect, once=True)


def _make_read_only(store: Store) -> None:
    """The connection that the writer takes next, as if it had been opened so."""
    engine = store._writing  # pyright: ignore[reportPrivateUsage]

    def on_checkout(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only=1").close()

    event.listen(engine, "checkout", on_checkout, once=True)


@pytest.mark.parametrize("prepare", [_make_read_only, _open_read_only])
def test_a_connection_that_only_reads_is_opened_anew(
    tmp_path: Path, prepare: Callable[[Store], None]
) -> None:
    """The first is refused when its transaction begins; the other's begins like any, and the first statement
    that writes is refused, past SQLAlchemy."""
    with new_store(tmp_path) as store:
        prepare(store)
        with pytest.raises(StoreUnavailable, match="SQLITE_READONLY"):
            send(store, record(1, session="s"))
        assert send(store, record(1, session="s")).n_new == 1


@contextmanager
def immutable(folder: Path) -> Generator[None]:
    """Files of the folder that nobody may write to."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    try:
        for path in files:
            set_immutable(path, True)
        yield
    finally:
        for path in files:
            set_immutable(path, False)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files immutable")
def test_a_read_only_file_is_not_served_and_then_written_again(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        send(store, record(1, session="s"))
        (database,) = tmp_path.rglob("store.db")
    sqlite3.connect(database).execute("PRAGMA user_version").close()
    with immutable(tmp_path), pytest.raises(StoreUnavailable, match="SQLITE_READONLY"):
        Store.open(str(database))
    with Store.open(str(database)) as store:
        assert send(store, record(2, session="s")).n_new == 1
