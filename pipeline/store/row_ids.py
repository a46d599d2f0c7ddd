"""Ids of rows before they are inserted, so that rows that refer to one another go in at once.

In: a table with a column `id`, and how many. Out: that many ids that no other transaction gets. Next:
the rows are inserted with these ids.
"""

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection, Table

from pipeline.store.driver import execute

DRAWN_AHEAD = {"traces": 1024, "chunk_bodies": 1024}
"""How many of a table's ids a connection to PostgreSQL draws at once and keeps, a rollback or not. Not those of
sessions: their ids are in the order in which they came."""


def new_ids(connection: Connection, table: Table, n: int) -> Sequence[int]:
    """On SQLite the write lock is held, so that what follows the greatest id is ours."""
    if n == 0:
        return ()
    if connection.dialect.name == "postgresql":
        return _drawn(connection, table.name, n)
    greatest: int = execute(connection, _greatest(table.name)).fetchone()[0]
    return range(greatest + 1, greatest + 1 + n)


def _drawn(connection: Connection, table: str, n: int) -> Sequence[int]:
    """Of those that the connection keeps, as long as there are enough."""
    kept: list[int] = connection.info.get((new_ids, table), [])
    if len(kept) < n:
        more = max(n, DRAWN_AHEAD.get(table, 0))
        kept = kept + execute(connection, _DRAW, (more, table)).fetchone()[0]
    connection.info[new_ids, table] = kept[n:]
    return kept[:n]


_DRAW = (
    "SELECT array_agg(nextval(drawn.from_it)) FROM generate_series(1, %s),"
    " (SELECT CAST(pg_get_serial_sequence(%s, 'id') AS regclass) AS from_it OFFSET 0) AS drawn"
)
"""OFFSET 0 keeps the name from being looked up for every id."""


@lru_cache(maxsize=32)
def _greatest(table: str) -> str:
    """Spelt out: to build the statement costs more than to run it."""
    return f"SELECT coalesce(max(id), 0) FROM {table}"
