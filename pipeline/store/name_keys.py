"""Sessions and traces by name: on SQLite through keys that are small and are filed together.

In: names of sessions (digests) or of traces within one transaction. Out: their rows. Next: the ingest asks
for hundreds at once, readers for one.

A name is as good as random, so an index over names is touched on as many pages as it gets names, and every
page that a commit touches is written. Hence two tables of one form: a commit puts its keys into the small
one, which has few pages; from there they go over into the large one together, many to a page. (A
log-structured merge tree of two levels: O'Neil et al., Acta Informatica 33, 1996.)

Several names may share a key: whoever finds a row by it compares the name. That no name stands twice is kept
by the write lock, as who adds one has looked for it in the same transaction. PostgreSQL, where many write at
once, has unique indexes over the names themselves.

Keys are stored: another way to make them needs a migration.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, select

from pipeline.store.chunks import chunked
from pipeline.store.dialect import execute_many
from pipeline.store.driver import execute
from pipeline.store.plain_sql import Row, insert_rows, rows_in
from pipeline.store.schema import sessions, traces
from pipeline.store.schema_names import fresh_name_keys, known_names, name_keys

MAX_FRESH = 32_768
"""Keys of the small table, some 160 pages, of which a commit writes most. More would be cheaper in a store of many
GB and dearer in a young one; the commit that moves them would take longer."""


def session_key(digest: str) -> int:
    """Of a session's digest: 64 bits, even. What is no digest is looked for like one, in vain."""
    try:
        number = int(digest[:16], 16) % 2**64
    except ValueError:
        number = 0
    return (number - 2**63) & ~1


@lru_cache(maxsize=4096)
def trace_key(trace_id: str) -> int:
    """Of a trace id, whose bits a sender may have chosen: 64 bits of its digest, odd."""
    text = trace_id.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True) | 1


class Named(NamedTuple):
    """A table whose rows have names."""

    table: Table
    name: str
    """The column."""
    key: Callable[[str], int]

    def rows(
        self, connection: Connection, columns: str, names: Sequence[str], *, lock: bool = False
    ) -> Sequence[Row]:
        """The rows with these names, and on SQLite perhaps some with others; locked in the order of ids."""
        chosen = f"SELECT {columns} FROM {self.table.name} WHERE"
        if connection.dialect.name == "postgresql":
            in_order = " ORDER BY id" if lock else ""
            by_name = f"{chosen} {self.name} {{values}}{in_order}"
            return rows_in(connection, by_name, names, lock=lock)
        return rows_in(connection, f"{chosen} {BY_KEY}", list(map(self.key, names)))

    def has(self, connection: Connection, names: Collection[str]) -> ColumnElement[bool]:
        """Whether a row has one of the names: a condition for SQLAlchemy."""
        exact = self.table.c[self.name].in_(names)
        if connection.dialect.name == "postgresql":
            return exact
        under = known_names.c.key.in_([self.key(name) for name in names])
        return and_(self.table.c.id.in_(select(known_names.c.ref).where(under)), exact)

    def add(self, connection: Connection, refs: Sequence[tuple[str, int]]) -> None:
        """New rows, each with its name. PostgreSQL needs nothing."""
        if refs and connection.dialect.name != "postgresql":
            keys = sorted((self.key(name), ref) for name, ref in refs)
            insert_rows(connection, fresh_name_keys, keys, unless_there=True)
            _file(connection)

    def drop(self, connection: Connection, refs: Collection[int]) -> None:
        """Rows that are about to go. A key that stayed would only be looked at in vain."""
        if connection.dialect.name == "postgresql":
            return
        columns = select(self.table.c.id, self.table.c[self.name])
        for piece in chunked(sorted(refs)):
            rows = connection.execute(columns.where(self.table.c.id.in_(piece))).all()
            keys = [{"of_key": self.key(name), "of_ref": ref} for ref, name in rows]
            for drop in _DROP if keys else ():
                execute_many(connection, drop, keys)


SESSIONS = Named(sessions, "digest", session_key)
TRACES = Named(traces, "trace_id", trace_key)


def _file(connection: Connection) -> None:
    """Move all keys into the large table, if the small one is full."""
    n_fresh: int = execute(connection, _COUNT).fetchone()[0]
    if n_fresh > MAX_FRESH:
        for statement in _MOVE:
            execute(connection, statement)


BY_KEY = f"id IN (SELECT ref FROM {known_names.name} WHERE key {{values}})"
"""For `rows_in`."""
_DROP = tuple(
    delete(table).where(
        table.c.key == bindparam("of_key"),
        table.c.ref == bindparam("of_ref"),
    )
    for table in (fresh_name_keys, name_keys)
)
_COUNT = f"SELECT count(*) FROM {fresh_name_keys.name}"
_MOVE = (
    f"INSERT OR IGNORE INTO {name_keys.name} SELECT key, ref FROM {fresh_name_keys.name}",
    f"DELETE FROM {fresh_name_keys.name}",
)
