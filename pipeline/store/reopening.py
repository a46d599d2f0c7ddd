"""SQLite files that could not be written for a while: what was opened then is opened anew.

In: the engines of a store; errors of statements that went past SQLAlchemy. Out: `require_writable`,
`open_anew_together`, `note_error`. Next: `Store` writes again as soon as it can, without a restart.

SQLite opens a file that it may not write read-only without a word, and BEGIN IMMEDIATE then begins a
transaction that only reads. The connection stays so for good, and through the memory that a process
shares among its connections so do all later ones, until every one of them is closed.
"""

from collections.abc import Callable

from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.exc import DBAPIError

READ_ONLY = "SQLITE_READONLY"
CLOSE_ALL = "kelet_close_all"
"""The option of an engine that says how."""
BROKEN = (READ_ONLY, "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOTADB")


def require_writable(engine: Engine) -> None:
    """Fail where SQLite would go on to read only; a full disk may still be read."""
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
    except DBAPIError as error:
        if _name(error.orig).startswith(READ_ONLY):
            raise


def open_anew_together(*engines: Engine) -> None:
    """From now on an error that a connection does not get over closes those of all engines."""

    def close_all() -> None:
        for engine in engines:
            engine.dispose()

    def on_error(context: ExceptionContext) -> None:
        if _is_broken(context.original_exception):
            context.is_disconnect = True
            close_all()

    for engine in engines:
        if engine.dialect.name == "sqlite":
            event.listen(engine, "handle_error", on_error)
            engine.update_execution_options(**{CLOSE_ALL: close_all})


def note_error(connection: Connection, error: Exception) -> None:
    """The same of an error that SQLAlchemy does not see."""
    close_all: Callable[[], None] | None = connection.get_execution_options().get(CLOSE_ALL)
    if close_all is not None and _is_broken(error):
        connection.invalidate(error)
        close_all()


def _is_broken(error: BaseException | None) -> bool:
    return _name(error).startswith(BROKEN)


def _name(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", None) or ""
