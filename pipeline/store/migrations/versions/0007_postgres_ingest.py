"""What PostgreSQL need not do for every chunk.

In: revision 0006. Out: revision 0007. Foreign keys of what is written most document the schema only, as
they do on SQLite: the writer has locked the rows that it refers to. Ids are drawn by the hundred.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEYS = (
    ("trace_chunks", "trace_ref", "traces"),
    ("session_traces", "session_ref", "sessions"),
    ("session_traces", "trace_ref", "traces"),
)
DRAWN_TOGETHER = ("traces", "chunk_bodies")


def upgrade() -> None:
    """Nothing on SQLite, which does not check them."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column, _ in KEYS:
        op.drop_constraint(f"fk_{table}_{column}", table)
    for table in DRAWN_TOGETHER:
        op.execute(f"ALTER SEQUENCE {table}_id_seq CACHE 256")


def downgrade() -> None:
    """Check them again."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column, to in KEYS:
        op.create_foreign_key(f"fk_{table}_{column}", table, to, [column], ["id"])
    for table in DRAWN_TOGETHER:
        op.execute(f"ALTER SEQUENCE {table}_id_seq CACHE 1")
