"""Bodies on PostgreSQL: compressed, cut into pieces that fit a page, written by COPY.

In: bodies within a transaction. Out: places of segment -1, whose offset is the body's id. Next: the same
protocol as `bodies`; what older releases put into the table of whole bodies is read from there.

A row larger than 2 KB would be moved aside by PostgreSQL in many small rows with an index of their own.
A piece stays where it is, and what is compressed here is not to be compressed there.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, starmap
from typing import Any

from sqlalchemy import Connection, delete, select

from pipeline.model.trace_chunk import Pieces
from pipeline.store.bodies import READ_AT_ONCE, TABLE, BodyMoved, Place, TableBodies
from pipeline.store.chunks import chunked
from pipeline.store.compression import Packer, unpacked
from pipeline.store.row_ids import new_ids
from pipeline.store.schema import body_pieces, chunk_bodies

PIECES = -1
PIECE_BYTES = 8000
"""With the row's head just below what a page of 8 KB holds."""
BLOCK_BYTES = 64 << 10


class PieceBodies:
    """Bodies as rows of pieces."""

    def __init__(self) -> None:
        self._packer = Packer()
        self._table = TableBodies()

    def append(self, connection: Connection, bodies: Sequence[Pieces]) -> list[Place]:
        """All of them by one COPY. A place has the length of the body, not of what is stored of it."""
        ids = new_ids(connection, chunk_bodies, len(bodies))
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            frames = zip(ids, map(self._packer.pack, bodies), strict=True)
            rows = chain.from_iterable(starmap(_rows, frames))
            for block in _blocks(chain((_BEGIN,), rows, (_END,))):
                copy.write(block)
        sizes = [sum(map(len, body)) for body in bodies]
        return [Place(PIECES, ref, size) for ref, size in zip(ids, sizes, strict=True)]

    def read(self, connection: Connection, places: Sequence[Place]) -> Iterator[bytes]:
        """One statement a handful."""
        for first in range(0, len(places), READ_AT_ONCE):
            piece = places[first : first + READ_AT_ONCE]
            found = _frames(connection, [p.offset for p in piece if p.segment == PIECES])
            for place in piece:
                if place.segment == TABLE:
                    yield from self._table.read(connection, [place])
                elif place.offset in found:
                    yield unpacked(found.pop(place.offset))
                else:
                    raise BodyMoved("a stored body is not where it was")

    def ended(self, error: Exception | None) -> None:
        """The database takes its rows back by itself."""

    def delete(self, connection: Connection, places: Sequence[Place]) -> None:
        """The rows go; their room is used again."""
        self._table.delete(connection, [place for place in places if place.segment == TABLE])
        for ids in chunked(place.offset for place in places if place.segment == PIECES):
            connection.execute(delete(body_pieces).where(body_pieces.c.id.in_(ids)))

    def probe(self) -> None:
        """The database is probed by itself."""

    def close(self) -> None:
        """There is nothing open."""


def _blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Joined to what is worth sending: the server wakes up for each."""
    block: list[bytes] = []
    size = 0
    for part in parts:
        block.append(part)
        size += len(part)
        if size >= BLOCK_BYTES:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join(block)


def _rows(ref: int, frame: bytes) -> Iterator[bytes]:
    """The pieces of a body as COPY takes them: each field behind its length."""
    for n, first in enumerate(range(0, len(frame), PIECE_BYTES)):
        piece = frame[first : first + PIECE_BYTES]
        yield _HEAD.pack(3, 8, ref, 2, n, len(piece))
        yield piece


def _frames(connection: Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """The compressed bodies by id."""
    if not ids:
        return {}
    columns = select(body_pieces.c.id, body_pieces.c.piece).where(body_pieces.c.id.in_(ids))
    parts: dict[int, list[bytes]] = {}
    for ref, piece in connection.execute(columns.order_by(body_pieces.c.id, body_pieces.c.n)):
        parts.setdefault(ref, []).append(bytes(piece))
    return {ref: b"".join(some) for ref, some in parts.items()}


_COPY = f"COPY {body_pieces.name} (id, n, piece) FROM STDIN (FORMAT BINARY)"
_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_HEAD = struct.Struct("!hiqihi")
_END = b"\xff\xff"
