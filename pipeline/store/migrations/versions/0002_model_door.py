"""The language model's door: kept answers, spending, payloads that histories refer to.

In: revision 0001. Out: revision 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three tables that nothing before them knows."""
    _answers()
    _spending()
    _claims()


def downgrade() -> None:
    """Answers and spending of models are lost; what they led to stays in the findings."""
    for table in ("claim_checks", "model_spending", "model_answers"):
        op.drop_table(table)


def _answers() -> None:
    op.create_table(
        "model_answers",
        sa.Column("project", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )


def _spending() -> None:
    op.create_table(
        "model_spending",
        sa.Column("project", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("micros", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_model_spending_project_day", "model_spending", ["project", "day"])
    op.create_index("ix_model_spending_project_purpose", "model_spending", ["project", "purpose"])


def _claims() -> None:
    op.create_table(
        "claim_checks",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text(), primary_key=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_claim_checks_owner", "claim_checks", ["owner"])
