"""The table of API keys.

In: nothing. Out: `api_keys`. Next: `api_keys` (the module) reads and writes it.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from pipeline.store.schema import metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("secret", Boolean, nullable=False),
    Column("projects", Text),
    Column("tenant", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
    Column("last_used", BigInteger),
    Index("uq_api_keys_digest", "digest", unique=True),
)
"""`projects` is a JSON list, NULL for all. A revoked key stays: once there were keys, none is open."""
