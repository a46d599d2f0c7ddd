"""API keys.

In: revision 0002. Out: revision 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table that nothing before it knows."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("projects", sa.Text()),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger()),
        sa.Column("last_used", sa.BigInteger()),
    )
    op.create_index("uq_api_keys_digest", "api_keys", ["digest"], unique=True)


def downgrade() -> None:
    """The keys are lost: without them the edge is open again, on loopback only."""
    op.drop_table("api_keys")
