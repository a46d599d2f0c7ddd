"""The tables of `name_keys`.

In: nothing. Out: tables of the same metadata. Next: `name_keys`.
"""

from sqlalchemy import BigInteger, Column, Table, column, table

from pipeline.store.schema import Id, metadata


def _keys(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("key", BigInteger, primary_key=True, autoincrement=False),
        Column("ref", Id, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


name_keys = _keys("name_keys")
"""Keys of the names of sessions and traces, and the rows that have them. Empty on PostgreSQL."""

fresh_name_keys = _keys("fresh_name_keys")
"""Those that came last."""

known_names = table("known_names", column("key", BigInteger), column("ref", BigInteger))
"""A view on both, on SQLite alone."""
