"""Signals that may follow spans that come, found at a glance: most commits meet none.

In: revision 0008. Out: revision 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LOOSE = sa.text("via <> 'session'")


def upgrade() -> None:
    """An index of few rows."""
    op.create_index(
        "ix_signals_loose", "signals", ["id"], sqlite_where=LOOSE, postgresql_where=LOOSE
    )


def downgrade() -> None:
    """All of them are looked at again."""
    op.drop_index("ix_signals_loose", "signals")
