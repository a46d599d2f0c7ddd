"""Bring the database to the newest schema; safe when several processes start at once.

In: the writing engine. Out: a database at `HEAD`. Next: `Store.open` goes on.

The whole upgrade is one transaction that holds the write lock (SQLite) or an advisory lock
(PostgreSQL): who comes second waits, then finds nothing to do.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect, text

from pipeline.errors import Permanent
from pipeline.store.dialect import lock_for_migration

HEAD = "0003"
SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Upgrade to `HEAD` unless the database is there already."""
    with engine.begin() as connection:
        lock_for_migration(connection)
        if current_revision(connection) != HEAD:
            config = Config()
            config.set_main_option("script_location", str(SCRIPTS))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError:
                raise Permanent(
                    "the database has a schema that this version does not know"
                ) from None


def current_revision(connection: Connection) -> str | None:
    """The revision that the database is at, None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
