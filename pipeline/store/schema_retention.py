"""The tables of retention: what was removed, and who is removing.

In: nothing. Out: `tombstones`, `leases`. Next: `tombstones` (the module), `retention`.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text

from pipeline.store.schema import metadata

tombstones = Table(
    "tombstones",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("newest_start", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("removed", BigInteger, nullable=False),
    Column("forgotten", Boolean, nullable=False),
    Index("ix_tombstones_removed", "removed"),
)
"""Hashes of removed sessions and traces. What began after `newest_start` is new, not delivered again.

`forgotten`: removed at somebody's word, so quotes must not come back either."""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""Periodic work that one process at a time does; a killed one's lease runs out."""
