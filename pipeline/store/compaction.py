"""The room of dead bodies in segment files is given back to the disk.

In: the segment files, and what of them chunks refer to. Out: how many bytes were freed. Next:
retention asks for it after it has removed sessions.

A segment of which nothing is referred to is unlinked. One that is half dead is written anew: its live
bodies are appended to the open segment, the chunks point there in the same transaction, and only after
the commit the old file goes. A kill in between leaves a file that nothing refers to; the next call
unlinks it. A reader that still holds an old place finds no file and reads its transaction anew. A
segment that a process writes to is locked by it and left alone.
"""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, bindparam, delete, select, update

from pipeline.store.bodies import BodyStore, Place
from pipeline.store.dialect import execute_many
from pipeline.store.schema import segments, trace_chunks
from pipeline.store.segments import SegmentFiles

T = TypeVar("T")

MAX_LIVE_SHARE = 0.5
"""Above this a segment is left as it is: moving costs more than it frees."""

ALL_LIVE = 1.0
"""The share for one who wants what was removed gone: one dead byte is enough."""

MOVED_AT_ONCE = 16 * 2**20
"""Bytes of bodies in one transaction: who commits spans waits for its end."""


class Write(Protocol):
    """Runs work in a transaction of the one writer."""

    def __call__(self, work: Callable[[Connection], T]) -> T:
        """Returns after the commit."""
        ...


class _Moving(NamedTuple):
    trace_ref: int
    n: int
    place: Place


def compact_bodies(bodies: BodyStore, write: Write, max_live_share: float = MAX_LIVE_SHARE) -> int:
    """Free what can be freed; the bytes that the files are smaller by. Tables see to it themselves."""
    if not isinstance(bodies, SegmentFiles):
        return 0
    before = sum(bodies.on_disk().values())
    write(lambda c: _end_open_segment(c, bodies, max_live_share))
    _compact_files(bodies, write, max_live_share)
    return max(0, before - sum(bodies.on_disk().values()))


def _end_open_segment(connection: Connection, files: SegmentFiles, max_live_share: float) -> None:
    """Our own segment, too, can be written anew once it is ended."""
    segment = files.open_segment
    if segment is not None:
        size = files.on_disk().get(segment, 0)
        if live_bytes(connection, segment) < size * max_live_share:
            files.close()


def _compact_files(files: SegmentFiles, write: Write, max_live_share: float) -> None:
    for segment, size in sorted(files.on_disk().items()):
        with _locked(files, segment) as ours:
            if not ours:
                continue
            # Only now: a process that has just let go of it may have committed meanwhile.
            live = write(lambda c, segment=segment: live_bytes(c, segment))
            if live < size * max_live_share or not live:
                while live and write(lambda c, segment=segment: _move_some(c, files, segment)):
                    pass
                write(lambda c, segment=segment: _forget(c, segment))
                files.path(segment).unlink(missing_ok=True)


def live_bytes(connection: Connection, segment: int) -> int:
    """Bytes of the segment that chunks refer to."""
    known = select(segments.c.n_live).where(segments.c.id == segment)
    return int(connection.execute(known).scalar() or 0)


@contextmanager
def _locked(files: SegmentFiles, segment: int) -> Generator[bool]:
    """Whether nobody writes to the segment, nor begins to within the block."""
    try:
        fd = files.lock(segment)
    except FileNotFoundError:
        fd = None
    try:
        yield fd is not None
    finally:
        if fd is not None:
            os.close(fd)


def _move_some(connection: Connection, files: SegmentFiles, segment: int) -> bool:
    """Append a bounded number of live bodies elsewhere; False when none was left."""
    moving = _next_chunks(connection, segment)
    if not moving:
        return False
    places = [chunk.place for chunk in moving]
    fresh = files.append(connection, [(body,) for body in files.read(connection, places)])
    files.delete(connection, places)
    rows = [
        {"ref": chunk.trace_ref, "number": chunk.n, "to": place.segment, "at": place.offset}
        for chunk, place in zip(moving, fresh, strict=True)
    ]
    execute_many(connection, _POINT, rows)
    return True


def _next_chunks(connection: Connection, segment: int) -> list[_Moving]:
    columns = select(
        trace_chunks.c.trace_ref, trace_chunks.c.n, trace_chunks.c.offset, trace_chunks.c.length
    )
    moving: list[_Moving] = []
    n_bytes = 0
    for ref, n, offset, length in connection.execute(
        columns.where(trace_chunks.c.segment == segment).limit(MAX_ROWS)
    ):
        if moving and n_bytes + length > MOVED_AT_ONCE:
            break
        moving.append(_Moving(ref, n, Place(segment, offset, length)))
        n_bytes += length
    return moving


MAX_ROWS = 10_000

_POINT = (
    update(trace_chunks)
    .where(trace_chunks.c.trace_ref == bindparam("ref"), trace_chunks.c.n == bindparam("number"))
    .values(segment=bindparam("to"), offset=bindparam("at"))
)


def _forget(connection: Connection, segment: int) -> None:
    left = select(trace_chunks.c.n).where(trace_chunks.c.segment == segment).limit(1)
    if connection.execute(left).first() is not None:
        raise AssertionError("a segment that chunks refer to must stay")
    connection.execute(delete(segments).where(segments.c.id == segment))
