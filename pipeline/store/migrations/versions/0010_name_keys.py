"""Sessions and traces are found by small keys on SQLite, no longer by indexes over their names.

In: revision 0009. Out: revision 0010. PostgreSQL keeps its unique indexes and gets tables that stay empty.

The table of segments gets another name. A process of an older release that still runs on a SQLite file would store
sessions and traces without keys, which nobody would find; it cannot store anything without that table.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from pipeline.store.name_keys import session_key, trace_key

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("name_keys", "fresh_name_keys")
VIEW = "known_names"
NAMES = (
    ("sessions", "digest", "uq_sessions_digest_project", ["digest", "project"], session_key),
    ("traces", "trace_id", "uq_traces_trace_id_scope", ["trace_id", "scope"], trace_key),
)


def upgrade() -> None:
    """Keys of what is there, all of them filed."""
    for table in TABLES:
        op.create_table(
            table,
            sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("ref", ID, autoincrement=False, nullable=False),
            sa.PrimaryKeyConstraint("key", "ref", name=f"pk_{table}"),
            sqlite_with_rowid=False,
        )
    op.rename_table("segments", "segment_files")
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        return
    both = " UNION ALL ".join(f"SELECT key, ref FROM {table}" for table in TABLES)
    op.execute(f"CREATE VIEW {VIEW} (key, ref) AS {both}")
    driver: Any = connection.connection.driver_connection
    for table, name, index, _, key in NAMES:
        driver.create_function("key_of", 1, key, deterministic=True)
        op.execute(f"INSERT INTO name_keys SELECT key_of({name}), id FROM {table} ORDER BY 1")
        op.drop_index(index, table)


def downgrade() -> None:
    """Indexes over the names again."""
    op.rename_table("segment_files", "segments")
    if op.get_bind().dialect.name != "postgresql":
        op.execute(f"DROP VIEW {VIEW}")
        for table, _, index, columns, _ in NAMES:
            op.create_index(index, table, columns, unique=True)
    for table in TABLES:
        op.drop_table(table)
