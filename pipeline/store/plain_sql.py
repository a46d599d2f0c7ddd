"""Rows by the hundred, at the price of one plain statement.

In: a statement with `{values}` where a list is tested, and the list; or rows in the order of a table's
columns. Out: the rows found; the rows inserted. Next: the ingest does all its work with these, for
every group that it commits.

A list travels as one parameter, so that the statement's text never changes: building an IN of
hundreds of parameters costs more than running it.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table

from pipeline.store.bulk_postgres import array_text, copy_rows, insert_unless_there
from pipeline.store.driver import execute, fetch

Row = Sequence[Any]

BLOCKS = (128, 32, 8, 1)
"""Rows of one statement. Each one that is run gives the interpreter to another thread and waits to get
it back: beside a thread that computes this costs more than the row."""


def rows_in(
    connection: Connection,
    statement: str,
    values: Sequence[str] | Sequence[int],
    *,
    lock: bool = False,
) -> Sequence[Row]:
    """The rows; on PostgreSQL locked if that is asked for, SQLite has one writer anyway."""
    if not values:
        return ()
    if connection.dialect.name == "postgresql":
        kind = "text" if isinstance(values[0], str) else "int8"
        text = _for_postgresql(statement, kind) + (" FOR UPDATE" if lock else "")
        return fetch(connection, text, (array_text(values),))
    return fetch(connection, _for_sqlite(statement), (json.dumps(values),))


@lru_cache(maxsize=64)
def _for_postgresql(statement: str, kind: str) -> str:
    return statement.replace("%", "%%").format(values=f"= ANY(%s::{kind}[])")


@lru_cache(maxsize=64)
def _for_sqlite(statement: str) -> str:
    return statement.format(values="IN (SELECT value FROM json_each(?))")


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Row], *, unless_there: bool = False
) -> int:
    """Insert whole rows; `unless_there` leaves out those whose key is taken. The number inserted."""
    if not rows:
        return 0
    if connection.dialect.name != "postgresql":
        return _insert_blocks(connection, table, rows, unless_there=unless_there)
    if unless_there:
        return insert_unless_there(connection, table, rows)
    copy_rows(connection, table, rows)
    return len(rows)


def _insert_blocks(
    connection: Connection, table: Table, rows: Sequence[Row], *, unless_there: bool
) -> int:
    at = n_inserted = 0
    while at < len(rows):
        n = next(size for size in BLOCKS if size <= len(rows) - at)
        values = tuple(chain.from_iterable(rows[at : at + n]))
        n_inserted += execute(connection, _insert(table, n, unless_there), values).rowcount
        at += n
    return n_inserted


@lru_cache(maxsize=64)
def _insert(table: Table, n_rows: int, unless_there: bool) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    marks = ", ".join(["?"] * len(table.columns))
    rows = ", ".join([f"({marks})"] * n_rows)
    ending = " ON CONFLICT DO NOTHING" if unless_there else ""
    return f"INSERT INTO {table.name} ({names}) VALUES {rows}{ending}"
