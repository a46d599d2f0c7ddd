"""Ids of rows before they are inserted, so that rows that refer to one another go in at once.

In: a table with a column `id`, and how many. Out: that many ids that no other transaction gets. Next:
the rows are inserted with these ids.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, func, select, text


def new_ids(connection: Connection, table: Table, n: int) -> Sequence[int]:
    """On SQLite the write lock is held, so that what follows the greatest id is ours."""
    if n == 0:
        return ()
    if connection.dialect.name == "postgresql":
        drawn = text(
            "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :n)"
        )
        return list(connection.execute(drawn, {"name": table.name, "n": n}).scalars())
    greatest = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    return range(greatest + 1, greatest + 1 + n)
