"""Bytes of removed rows leave the disk.

In: a database after a removal. Out: how many bytes it became smaller. Next: nothing; what is given back
is gone.

SQLite keeps the content of removed rows in free pages until they are used again: the file is written
anew, and the write-ahead log with the old content is emptied. PostgreSQL clears dead rows out of its
pages; the pages are used again, and its own log is recycled by itself.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from pipeline.store.schema import metadata


def rewrite_database(engine: Engine) -> int:
    """Write it without what was removed; others may read meanwhile, and write before and after."""
    before = size_on_disk(engine)
    connection: Any = engine.raw_connection()
    try:
        for statement in _statements(engine):
            if engine.dialect.name == "postgresql":
                connection.driver_connection.autocommit = True
            connection.cursor().execute(statement)
    finally:
        if engine.dialect.name == "postgresql":
            connection.driver_connection.autocommit = False
        connection.close()
    return before - size_on_disk(engine)


def _statements(engine: Engine) -> list[str]:
    if engine.dialect.name == "sqlite":
        return ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"]
    return [f'VACUUM "{table}"' for table in metadata.tables]


def size_on_disk(engine: Engine) -> int:
    """Bytes of the database's files, or what the server says of its own."""
    if engine.dialect.name == "sqlite":
        return _size_of_files(engine.url)
    with engine.connect() as connection:
        return int(
            connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        )


def _size_of_files(url: URL) -> int:
    paths = [Path(f"{url.database}{suffix}") for suffix in ("", "-wal")]
    return sum(path.stat().st_size for path in paths if path.exists())
