"""Where the bodies of chunks lie: one small protocol, and the table that fulfils it everywhere.

In: bodies within a transaction. Out: a `Place` for each, to be kept with the chunk's keys; later the
bodies of these places. Next: `segments` is the same over files, which SQLite uses; `piece_bodies` over
compressed rows, which PostgreSQL uses.

What `append` was given is durable no later than the transaction. If that is rolled back, nothing refers
to it. Segment 0 is the table `chunk_bodies`; there the offset is the row's id.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, delete, select

from pipeline.errors import Transient
from pipeline.model.trace_chunk import Pieces
from pipeline.store.chunks import chunked
from pipeline.store.plain_sql import insert_rows
from pipeline.store.row_ids import new_ids
from pipeline.store.schema import chunk_bodies

TABLE = 0
READ_AT_ONCE = 64
BYTES_AT_ONCE = 8 * 2**20
"""Bodies of a table, and bytes of them, that are held at once while they are read, beside the frames that they
share; one may be larger."""


class Place(NamedTuple):
    """Where a body lies."""

    segment: int
    offset: int
    length: int


def handfuls(places: Iterable[Place]) -> Iterator[list[Place]]:
    """As many neighbours as may be held at once."""
    held: list[Place] = []
    n_bytes = 0
    for place in places:
        if held and (len(held) == READ_AT_ONCE or n_bytes + place.length > BYTES_AT_ONCE):
            yield held
            held, n_bytes = [], 0
        held.append(place)
        n_bytes += place.length
    if held:
        yield held


class BodyMoved(Transient):
    """A body is no longer where a reader's snapshot says: it was moved or deleted meanwhile."""

    code = "body_moved"


class BodyStore(Protocol):
    """Keeps the bodies of chunks."""

    def append(self, connection: Connection, bodies: Sequence[Pieces]) -> list[Place]:
        """Keep these; one place each. Only the writer thread calls it."""
        ...

    def ended(self, error: Exception | None) -> None:
        """The transaction of the last `append` was committed, or has failed."""
        ...

    def read(self, connection: Connection, places: Sequence[Place]) -> Iterator[bytes]:
        """The bodies in the order of the places, a few at a time; raises `BodyMoved`."""
        ...

    def delete(self, connection: Connection, places: Sequence[Place]) -> None:
        """Let go of these; the room is free at once or after a compaction."""
        ...

    def probe(self) -> None:
        """Raises what `append` would raise if nothing can be written now."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class TableBodies:
    """Bodies as rows."""

    def append(self, connection: Connection, bodies: Sequence[Pieces]) -> list[Place]:
        """One row a body."""
        ids = new_ids(connection, chunk_bodies, len(bodies))
        rows = [(ref, b"".join(body)) for ref, body in zip(ids, bodies, strict=True)]
        insert_rows(connection, chunk_bodies, rows)
        return [Place(TABLE, ref, len(body)) for ref, body in rows]

    def read(self, connection: Connection, places: Sequence[Place]) -> Iterator[bytes]:
        """One statement a handful."""
        for piece in handfuls(places):
            wanted = chunk_bodies.c.id.in_([place.offset for place in piece])
            query = select(chunk_bodies.c.id, chunk_bodies.c.body).where(wanted)
            found = {row.id: bytes(row.body) for row in connection.execute(query)}
            for place in piece:
                if place.offset not in found:
                    raise BodyMoved("a stored body is not where it was")
                yield found[place.offset]

    def ended(self, error: Exception | None) -> None:
        """The database takes its rows back by itself."""

    def delete(self, connection: Connection, places: Sequence[Place]) -> None:
        """The rows go."""
        for piece in chunked(place.offset for place in places):
            connection.execute(delete(chunk_bodies).where(chunk_bodies.c.id.in_(piece)))

    def probe(self) -> None:
        """The database is probed by itself."""

    def close(self) -> None:
        """There is nothing open."""
