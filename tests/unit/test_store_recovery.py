"""A store whose file could not be written for a while writes again as soon as it can, without a restart."""

from pathlib import Path

import pytest
from sqlalchemy import event

from pipeline.errors import StoreUnavailable
from pipeline.store import Store
from tests.unit.storekit import new_store, record, send


def test_a_connection_that_was_opened_read_only_is_opened_anew(tmp_path: Path) -> None:
    """SQLite opens a file that cannot be written read-only without a word, and for good."""
    with new_store(tmp_path) as store:
        _make_read_only(store)
        with pytest.raises(StoreUnavailable, match="SQLITE_READONLY"):
            send(store, record(1, session="s"))
        assert send(store, record(1, session="s")).n_new == 1


def _make_read_only(store: Store) -> None:
    """The connection that the writer has now, as if it had been opened so."""
    engine = store._writing  # pyright: ignore[reportPrivateUsage]

    def on_checkout(connection: object, *_: object) -> None:
        connection.execute("PRAGMA query_only=1").close()  # type: ignore[attr-defined]

    event.listen(engine, "checkout", on_checkout, once=True)
