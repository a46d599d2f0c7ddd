"""Bring the database to the newest schema; safe when several processes start at once.

In: the writing engine. Out: a database at `HEAD`. Next: `Store.open` goes on.

The whole upgrade is one transaction that holds the write lock (SQLite) or an advisory lock
(PostgreSQL): who comes second waits, then finds nothing to do.
"""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect, text

from pipeline.errors import Permanent
from pipeline.store.dialect import lock_for_migration, sort_texts_by_bytes

HEAD = "0011"
SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: Engine, to: str = HEAD) -> None:
    """Upgrade unless the database is there already."""
    with engine.begin() as connection:
        lock_for_migration(connection)
        if current_revision(connection) != to:
            _run(command.upgrade, connection, to)
            sort_texts_by_bytes(connection)


def downgrade(engine: Engine, to: str) -> None:
    """Back to an older revision, for an older release; nobody may have the store open."""
    with engine.begin() as connection:
        lock_for_migration(connection)
        _run(command.downgrade, connection, to)


def _run(move: Callable[[Config, str], None], connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    try:
        move(config, revision)
    except CommandError:
        raise Permanent("the database has a schema that this version does not know") from None


def current_revision(connection: Connection) -> str | None:
    """The revision that the database is at, None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
