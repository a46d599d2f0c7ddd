"""Statements straight to the database's driver, for half of what SQLAlchemy takes for a short one.

In: a connection in its transaction, a statement in the driver's own spelling. Out: the driver's cursor. Next:
`plain_sql` and others that work for every group of the ingest. What the driver raises comes as it is:
`failures` knows it.
"""

import sqlite3
from typing import Any

from sqlalchemy import Connection

from pipeline.store.reopening import note_error


def execute(connection: Connection, statement: str, values: Any = ()) -> Any:
    """The cursor after the statement; its rows are tuples."""
    driver: Any = connection.connection.driver_connection
    try:
        return driver.execute(statement, values)
    except sqlite3.Error as error:
        note_error(connection, error)
        raise


def fetch(connection: Connection, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
    """All rows: SQLite reads most of them only now."""
    try:
        return execute(connection, statement, values).fetchall()
    except sqlite3.Error as error:
        note_error(connection, error)
        raise
