"""Alembic's entry: runs the migrations inside the transaction that `migrate` has begun.

In: the connection in the configuration's attributes. Out: the upgraded schema.
"""

from alembic import context
from sqlalchemy import Connection

from pipeline.store.schema import metadata


def run() -> None:
    """No transaction of its own: the caller's holds the lock, and all or nothing is upgraded."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=False,
    )
    context.run_migrations()


run()
