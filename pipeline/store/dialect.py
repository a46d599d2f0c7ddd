"""Everything that differs between databases, in one place.

In: a database URL. Out: engines that read and write, `insert` with conflict clauses, the migration
lock. Next: `writer` writes through one connection, `Store` reads through a pool.

SQLite: WAL, synchronous=FULL (an acknowledged commit survives a power cut), and transactions that
write begin with BEGIN IMMEDIATE: a deferred one that turns to writing fails at once when another
process writes, whatever the timeout. Readers see one snapshot a transaction and never wait.

PostgreSQL: rows are locked in sorted order, what still deadlocks is tried again by the writer. No
statement and no wait for a lock lasts for ever, and a connection is tried before it is used, so that
a database that comes back is found. NUL, which its texts cannot hold, is stored as U+FFFD.
"""

import hashlib
import sqlite3
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from psycopg.types.string import StrDumperUnknown
from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from pipeline.store.bulk_postgres import run_for_all
from pipeline.store.driver import execute

BUSY_TIMEOUT_SECONDS = 30
LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")
READ_CONNECTIONS = 8
MIGRATION_LOCK = 0x6B656C65
INGEST_LOCK = 0x6B656C66
PROJECT_LOCK = 0x6B656C67
TEXTS_SORTED_BY_LANGUAGE = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
ORDER BY table_name, ordinal_position
"""
CONNECT_ARGS: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "tcp_user_timeout": 30_000,
    "application_name": "kelet-sidecar",
}
SESSION_SETTINGS = {
    "statement_timeout": "120s",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "300s",
    "plan_cache_mode": "force_custom_plan",
}
"""A plan that was made while a table was small looks through the whole of it for as long as it is kept."""
READER_PRAGMAS = ("query_only=1",)
WRITER_PRAGMAS = (
    "synchronous=FULL",
    "foreign_keys=0",
    "cache_size=-32000",
    "wal_autocheckpoint=4000",
)
"""Foreign keys document the schema; every writer looks the row up first, a check would do it twice. The
write-ahead log is written back every 16 MB: more at once would not be less, as hardly a page is written by several
commits, and whoever commits then would wait longer."""

_NONE: dict[None, None] = {}
sqlite3.register_adapter(bytes, bytes)
sqlite3.register_adapter(bool, int)
sqlite3.register_adapter(type(None), _NONE.get)
"""Unless it is told what they become, the driver asks each such value for a method that it does not have, which
takes longer than to store it."""


class TextDumper(StrDumperUnknown):
    """Texts as PostgreSQL takes them: a NUL would refuse the whole batch for ever."""

    def dump(self, obj: str) -> bytes:
        """The bytes of the text."""
        return obj.replace("\0", "\ufffd").encode("utf-8", "replace")


def database_url(url: str) -> URL:
    """A SQLAlchemy URL; a plain path means a SQLite file. Folders of the file are made."""
    parsed = make_url(url if "://" in url else f"sqlite:///{url}")
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed


def writing_engine(url: URL) -> Engine:
    """An engine whose transactions hold the write lock from their beginning."""
    engine = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=4, **_options(url))
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, "BEGIN IMMEDIATE", WRITER_PRAGMAS)
    else:
        _prepare_postgres(engine, read_only=False)
    return engine


def reading_engine(url: URL) -> Engine:
    """An engine whose transactions each see one snapshot."""
    options = _options(url)
    if url.get_backend_name() == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=READ_CONNECTIONS,
        max_overflow=READ_CONNECTIONS,
        **options,
    )
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, "BEGIN", READER_PRAGMAS)
    else:
        _prepare_postgres(engine, read_only=True)
    return engine


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() != "postgresql":
        return {}
    ours = {name: value for name, value in CONNECT_ARGS.items() if name not in url.query}
    return {"pool_pre_ping": True, "connect_args": ours}


def _prepare_postgres(engine: Engine, *, read_only: bool) -> None:
    settings = SESSION_SETTINGS | {"default_transaction_read_only": "on" if read_only else "off"}

    def on_connect(connection: Any, _record: Any) -> None:
        # By SET and not as a startup option, which connection poolers refuse.
        connection.adapters.register_dumper(str, TextDumper)
        for name, value in settings.items():
            connection.execute(f"SET {name} = '{value}'")
        connection.commit()

    event.listen(engine, "connect", on_connect)


def _prepare_sqlite(engine: Engine, begin: str, pragmas: tuple[str, ...]) -> None:
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}", *pragmas):
            connection.execute(f"PRAGMA {pragma}").close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def prepare_database(engine: Engine) -> None:
    """What must hold of the database file before anything else: SQLite's WAL, which lasts."""
    if engine.dialect.name != "sqlite":
        return
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            _switch_to_wal(engine)
            return
        except sqlite3.OperationalError as error:
            # Two processes switch at once: SQLite answers "locked" here without waiting.
            if not error.sqlite_errorname.startswith(LOCKED) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _switch_to_wal(engine: Engine) -> None:
    connection: Any = engine.raw_connection()
    try:
        connection.execute("PRAGMA journal_mode=WAL").close()
    finally:
        connection.close()


def lock_for_migration(connection: Connection) -> None:
    """Until the transaction ends nobody else migrates. On SQLite the write lock does that."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")


def sort_texts_by_bytes(connection: Connection) -> None:
    """PostgreSQL sorts by the language of the database; pages and exports want one order everywhere."""
    if connection.dialect.name != "postgresql":
        return
    changes: dict[str, list[str]] = {}
    for table, column in connection.exec_driver_sql(TEXTS_SORTED_BY_LANGUAGE):
        changes.setdefault(table, []).append(f'ALTER "{column}" TYPE text COLLATE "C"')
    for table, columns in changes.items():
        connection.exec_driver_sql(f'ALTER TABLE "{table}" {", ".join(columns)}')


def lock_ingest(connection: Connection, *, alone: bool) -> None:
    """Spans are committed side by side; who must see all of them, or none, does it alone.

    A signal looks for spans that have come and spans look for signals that wait: were both under
    way at once, neither would see the other. On SQLite there is but one writer. Spans are looked up by key
    only: until a new table is analysed PostgreSQL would rather read the whole of it for a hundred keys.
    """
    if connection.dialect.name == "postgresql":
        lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        by_index = "" if alone else ", set_config('enable_seqscan', 'off', true)"
        execute(connection, f"SELECT {lock}({INGEST_LOCK}){by_index}")


def lock_project(connection: Connection, project: str) -> None:
    """One gate and one list of findings at a time: what is read of a project stays so."""
    if connection.dialect.name == "postgresql":
        digest = hashlib.sha256(project.encode("utf-8", "surrogatepass")).digest()
        number = int.from_bytes(digest[:4], "big", signed=True)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({PROJECT_LOCK}, {number})")


def insert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that knows ON CONFLICT; both dialects spell it alike."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def execute_many(
    connection: Connection, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]
) -> None:
    """A statement for one row, done for all, with plain values only: a third of `execute`'s price."""
    compiled = _compiled(statement, connection.dialect)
    if compiled.positiontup is None:
        run_for_all(connection, compiled, rows)
    else:
        in_order = itemgetter(*compiled.positiontup)
        connection.exec_driver_sql(str(compiled), [in_order(row) for row in rows])


@lru_cache(maxsize=32)
def _compiled(statement: UpdateBase, dialect: Dialect) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return compiled
