"""Ids of rows before they are inserted, so that rows that refer to one another go in at once.

In: a table with a column `id`, and how many. Out: that many ids that no other transaction gets. Next:
the rows are inserted with these ids.
"""

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection, Table


def new_ids(connection: Connection, table: Table, n: int) -> Sequence[int]:
    """On SQLite the write lock is held, so that what follows the greatest id is ours."""
    if n == 0:
        return ()
    if connection.dialect.name == "postgresql":
        return list(connection.exec_driver_sql(_DRAW, (table.name, n)).scalars())
    greatest: int = connection.exec_driver_sql(_greatest(table.name)).scalar_one()
    return range(greatest + 1, greatest + 1 + n)


_DRAW = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"


@lru_cache(maxsize=32)
def _greatest(table: str) -> str:
    """Spelt out: to build the statement costs more than to run it."""
    return f"SELECT coalesce(max(id), 0) FROM {table}"
