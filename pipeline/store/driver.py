"""Statements straight to the database's driver, for half of what SQLAlchemy takes for a short one.

In: a connection in its transaction, a statement in the driver's own spelling. Out: the driver's cursor. Next:
`plain_sql` and others that work for every group of the ingest. What the driver raises comes as it is:
`failures` knows it.
"""

from typing import Any

from sqlalchemy import Connection


def execute(connection: Connection, statement: str, values: Any = ()) -> Any:
    """The cursor after the statement; its rows are tuples."""
    driver: Any = connection.connection.driver_connection
    return driver.execute(statement, values)
