"""Which sessions a language model is asked about, and what it proposed.

In: revision 0007. Out: revision 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A table that nothing before it knows."""
    op.create_table(
        "interrogations",
        sa.Column("session_ref", Id, sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("agent", sa.Text(), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
    )
    op.create_index("ix_interrogations_project_agent", "interrogations", ["project", "agent"])


def downgrade() -> None:
    """What models proposed is lost; the findings that it led to stay until they are looked at again."""
    op.drop_table("interrogations")
