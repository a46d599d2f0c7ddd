"""The tables of the language model's door: kept answers, what was spent, what histories refer to,
which sessions it was asked about.

In: nothing. Out: tables of the same metadata. Next: `model_ledger`, `claim_checks`, `interrogations`.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text

from pipeline.store.schema import Id, metadata

model_answers = Table(
    "model_answers",
    metadata,
    Column("project", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Answers by the digest of their request; of one project each, so that none reads another's."""

model_spending = Table(
    "model_spending",
    metadata,
    Column("project", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Index("ix_model_spending_project_day", "project", "day"),
    Index("ix_model_spending_project_purpose", "project", "purpose"),
)
"""A row a request: `waiting` for the budget, `reserved` before it is sent, `paid` with its answer."""

claim_checks = Table(
    "claim_checks",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_claim_checks_owner", "owner"),
)
"""Payloads that workflow histories hold by digest only; `owner` is the workflow's id."""

interrogations = Table(
    "interrogations",
    metadata,
    Column("session_ref", Id, ForeignKey("sessions.id"), primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("project", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("body", LargeBinary),
    Index("ix_interrogations_project_agent", "project", "agent"),
)
"""A row an agent of a session that a model is asked about; without a body it was not answered yet."""
