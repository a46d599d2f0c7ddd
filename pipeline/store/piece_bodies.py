"""Bodies on PostgreSQL: compressed several at a time, cut into pieces that fit a page, written by COPY.

In: bodies within a transaction. Out: places of segment -2, whose offset says which frame, and where in it. Next:
the same protocol as `bodies`; what older releases stored, a frame a body or whole in a table, is read too.

A row larger than 2 KB would be moved aside by PostgreSQL in many small rows with an index of their own.
A piece stays where it is, and what is compressed here is not to be compressed there.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, and_, delete, select

from pipeline.model.trace_chunk import Pieces
from pipeline.store.bodies import READ_AT_ONCE, TABLE, BodyMoved, Place, TableBodies, handfuls
from pipeline.store.chunks import chunked
from pipeline.store.compression import Packer, unpacked
from pipeline.store.dialect import insert
from pipeline.store.frames import ROOM, blanked, frame_and_start, framed, is_blank, offset_of
from pipeline.store.row_ids import new_ids
from pipeline.store.schema import body_pieces, chunk_bodies

ALONE, SHARED = -1, -2
"""Segments: the offset is the id of a body's own frame, or says where in which frame it lies."""
PIECE_BYTES = 8000
"""With the row's head just below what a page of 8 KB holds."""
BLOCK_BYTES = 64 << 10

Row = tuple[int, int, memoryview]
Range = tuple[int, int]


class PieceBodies:
    """Bodies as rows of pieces."""

    def __init__(self) -> None:
        self._packer = Packer()
        self._table = TableBodies()

    def append(self, connection: Connection, bodies: Sequence[Pieces]) -> list[Place]:
        """All of them by one COPY. A place has the length of the body, not of what is stored of it."""
        frames = list(framed(bodies))
        ids = new_ids(connection, chunk_bodies, len(frames))
        packed = (self._packer.pack(list(chain.from_iterable(frame))) for frame in frames)
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            rows = map(_copied, _full_first(zip(ids, packed, strict=True)))
            for block in _blocks(chain((_BEGIN,), chain.from_iterable(rows), (_END,))):
                copy.write(block)
        return [
            place for ref, frame in zip(ids, frames, strict=True) for place in _places(ref, frame)
        ]

    def read(self, connection: Connection, places: Sequence[Place]) -> Iterator[bytes]:
        """One statement a handful."""
        for some in handfuls(places):
            found = _bodies(connection, [place for place in some if place.segment != TABLE])
            for place in some:
                if place.segment == TABLE:
                    yield from self._table.read(connection, [place])
                elif place in found:
                    yield found[place]
                else:
                    raise BodyMoved("a stored body is not where it was")
            found.clear()  # before the next ones are read

    def ended(self, error: Exception | None) -> None:
        """The database takes its rows back by itself."""

    def delete(self, connection: Connection, places: Sequence[Place]) -> None:
        """Frames of which nothing is left go, and their room is used again; in others the body is made blank."""
        self._table.delete(connection, [place for place in places if place.segment == TABLE])
        shared: dict[int, list[Range]] = {}
        gone: list[int] = []
        for place in places:
            ref, start = _where(place)
            if place.segment == SHARED and place.length < ROOM:
                shared.setdefault(ref, []).append((start, place.length))
            elif place.segment != TABLE:
                gone.append(ref)
        refs = sorted(shared)
        for first in range(0, len(refs), READ_AT_ONCE):
            some = {ref: shared[ref] for ref in refs[first : first + READ_AT_ONCE]}
            gone += self._blank(connection, some)
        for piece in chunked(gone):
            connection.execute(delete(body_pieces).where(body_pieces.c.id.in_(piece)))

    def _blank(self, connection: Connection, ranges: Mapping[int, Sequence[Range]]) -> list[int]:
        """Take these out of their frames; the frames of which nothing is left."""
        _lock(connection, ranges)
        empty: list[int] = []
        for ref, frame in _frames(connection, ranges).items():
            left = blanked(unpacked(frame), ranges[ref])
            if left:
                _rewrite(connection, ref, self._packer.pack([left]))
            else:
                empty.append(ref)
        return empty

    def probe(self) -> None:
        """The database is probed by itself."""

    def close(self) -> None:
        """There is nothing open."""


def _places(ref: int, frame: Sequence[Pieces]) -> Iterator[Place]:
    """Of the bodies of a frame."""
    start = 0
    for body in frame:
        size = sum(map(len, body))
        yield Place(SHARED, offset_of(ref, start), size)
        start += size


def _where(place: Place) -> tuple[int, int]:
    """Which frame, and where in it."""
    return frame_and_start(place.offset) if place.segment == SHARED else (place.offset, 0)


def _lock(connection: Connection, refs: Iterable[int]) -> None:
    """Who removes from one of these frames waits here for who came first, and then reads what that one left.
    Always in one order, and at the first piece, which stays the same row whatever becomes of the frame."""
    first = select(body_pieces.c.id).where(body_pieces.c.id.in_(refs), body_pieces.c.n == 0)
    connection.execute(first.order_by(body_pieces.c.id).with_for_update())


def _rewrite(connection: Connection, ref: int, frame: bytes) -> None:
    """Put other bytes in the place of a frame's, be they more or fewer."""
    rows = [{"id": ref, "n": n, "piece": bytes(piece)} for ref, n, piece in _pieces(ref, frame)]
    put = insert(connection, body_pieces)
    put = put.on_conflict_do_update(index_elements=["id", "n"], set_={"piece": put.excluded.piece})
    connection.execute(put, rows)
    behind = and_(body_pieces.c.id == ref, body_pieces.c.n >= len(rows))
    connection.execute(delete(body_pieces).where(behind))


def _blocks(parts: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Joined to what is worth sending: the server wakes up for each."""
    block: list[bytes | memoryview] = []
    size = 0
    for part in parts:
        block.append(part)
        size += len(part)
        if size >= BLOCK_BYTES:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join(block)


def _pieces(ref: int, frame: bytes) -> Iterator[Row]:
    """Rows of a frame."""
    view = memoryview(frame)
    for n, first in enumerate(range(0, len(frame), PIECE_BYTES)):
        yield ref, n, view[first : first + PIECE_BYTES]


def _full_first(frames: Iterable[tuple[int, bytes]]) -> Iterator[Row]:
    """The rows of all frames, what is left at their ends last: those share pages."""
    ends: list[Row] = []
    for ref, frame in frames:
        for row in _pieces(ref, frame):
            if len(row[2]) == PIECE_BYTES:
                yield row
            else:
                ends.append(row)
    yield from ends


def _copied(row: Row) -> tuple[bytes, memoryview]:
    """As COPY takes it: each field behind its length."""
    ref, n, piece = row
    return _HEAD.pack(3, 8, ref, 2, n, len(piece)), piece


def _bodies(connection: Connection, places: Iterable[Place]) -> dict[Place, bytes]:
    """Those that are there, each frame unpacked once."""
    sharing: dict[int, list[Place]] = {}
    for place in places:
        sharing.setdefault(_where(place)[0], []).append(place)
    found: dict[Place, bytes] = {}
    for ref, packed in _frames(connection, sharing).items():
        frame = unpacked(packed)
        for place in sharing[ref]:
            start = _where(place)[1]
            body = frame[start : start + place.length]
            if len(body) == place.length and not is_blank(body):
                found[place] = body
    return found


def _frames(connection: Connection, refs: Iterable[int]) -> dict[int, bytes]:
    """The compressed frames by id."""
    ids = sorted(refs)
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
