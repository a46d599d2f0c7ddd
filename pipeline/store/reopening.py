"""SQLite files that could not be written for a while: what was opened then is opened anew.

In: the engines of a store. Out: `require_writable`, `open_anew_together`. Next: `Store` writes again as
soon as it can, without a restart.

SQLite opens a file that it may not write read-only without a word, and BEGIN IMMEDIATE then begins a
transaction that only reads. The connection stays so for good, and through the memory that a process
shares among its connections so do all later ones, until every one of them is closed.
"""

from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import DBAPIError

READ_ONLY = "SQLITE_READONLY"
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

    def on_error(context: ExceptionContext) -> None:
        if _name(context.original_exception).startswith(BROKEN):
            context.is_disconnect = True
            for engine in engines:
                engine.dispose()

    for engine in engines:
        if engine.dialect.name == "sqlite":
            event.listen(engine, "handle_error", on_error)


def _name(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", None) or ""
