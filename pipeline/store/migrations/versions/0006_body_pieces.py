"""Bodies in pieces that fit a page, for PostgreSQL.

In: revision 0005. Out: revision 0006. What PostgreSQL keeps in `chunk_bodies` stays there and is read from
there; the way back puts the pieces together again.
"""

import sqlalchemy as sa
from alembic import op

from pipeline.store.compression import unpacked

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PIECES, TABLE = -1, 0


def upgrade() -> None:
    """The table; PostgreSQL need not try to compress what is compressed."""
    op.create_table(
        "body_pieces",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("n", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("piece", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "n", name="pk_body_pieces"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE body_pieces ALTER COLUMN piece SET STORAGE PLAIN")


def downgrade() -> None:
    """Ids are drawn from the sequence of `chunk_bodies`, so none of them is taken there."""
    connection = op.get_bind()
    ids = sa.text('SELECT "offset" FROM trace_chunks WHERE segment = :pieces ORDER BY "offset"')
    pieces = sa.text("SELECT piece FROM body_pieces WHERE id = :id ORDER BY n")
    insert = sa.text("INSERT INTO chunk_bodies (id, body) VALUES (:id, :body)")
    for ref in connection.execute(ids, {"pieces": PIECES}).scalars().all():
        whole = b"".join(bytes(p) for p in connection.execute(pieces, {"id": ref}).scalars())
        connection.execute(insert, {"id": ref, "body": unpacked(whole)})
    moved = sa.text("UPDATE trace_chunks SET segment = :table WHERE segment = :pieces")
    connection.execute(moved, {"table": TABLE, "pieces": PIECES})
    op.drop_table("body_pieces")
