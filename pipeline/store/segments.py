"""Bodies in files: a log of segments beside the SQLite database.

In: bodies within a transaction. Out: places in `<folder>/<segment>.otlp`. Next: `compaction` gives the
room of deleted bodies back.

Each process that writes has one segment open, of which it holds the file lock. A group of bodies is
written and synced before the transaction that refers to it commits: a crash in between leaves bytes
that nothing refers to. A new process begins a new segment, so nothing is ever written behind such
bytes. Segments are named for the time of their making and a name is never used again. A segment is a
valid OTLP `TracesData`, as bodies are and messages joined end to end stay one.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection

from pipeline.model.trace_chunk import Pieces
from pipeline.store.block_file import BlockFile
from pipeline.store.bodies import TABLE, BodyMoved, Place, TableBodies
from pipeline.store.driver import execute
from pipeline.store.schema import segments

ROLL_AT = 128 * 2**20
"""Bytes from which a new segment is begun."""

SUFFIX = ".otlp"
PROBE_BYTES = 4096


class SegmentFiles:
    """Bodies in segments; what a migration put into the table is read from there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._table = TableBodies()
        self._file: BlockFile | None = None
        self._segment = 0
        self._marks: list[tuple[BlockFile, tuple[int, bytes]]] = []
        """Where the bodies of the open transaction begin."""

    @property
    def open_segment(self) -> int | None:
        """The segment that this process writes to."""
        return None if self._file is None else self._segment

    def path(self, segment: int) -> Path:
        """The file of a segment."""
        return self.folder / f"{segment}{SUFFIX}"

    def append(self, connection: Connection, bodies: Sequence[Pieces]) -> list[Place]:
        """Written and synced when this returns."""
        if not bodies:
            return []
        if self._file is not None and self._file.size >= ROLL_AT:
            self.close()
        file = self._open() if self._file is None else self._file
        places: list[Place] = []
        mark, end = file.mark(), file.size
        for body in bodies:
            length = sum(map(len, body))
            places.append(Place(self._segment, end, length))
            end += length
        try:
            file.append(chain.from_iterable(bodies))
        except OSError:
            self._abandon()
            raise
        self._marks.append((file, mark))
        _count(connection, self._segment, end - mark[0])
        return places

    def ended(self, error: Exception | None) -> None:
        """Take back what a transaction wrote that failed: else every retry would fill the disk further.

        After an input or output error nobody knows whether the commit reached the disk: the bytes stay.
        """
        marks, self._marks = self._marks, []
        if error is None or _is_doubtful(error):
            return
        for file, mark in reversed(marks):
            if file is self._file and mark[0] < file.size:
                with suppress(OSError):
                    file.take_back(mark)

    def read(self, connection: Connection, places: Sequence[Place]) -> Iterator[bytes]:
        """Each body when it is asked for; neighbours of one segment share its opening."""
        fd, opened = -1, -1
        try:
            for place in places:
                if place.segment == TABLE:
                    yield from self._table.read(connection, [place])
                    continue
                if place.segment != opened:
                    if fd >= 0:
                        os.close(fd)
                        fd = -1
                    fd, opened = self._open_to_read(place.segment), place.segment
                body = os.pread(fd, place.length, place.offset)
                if len(body) != place.length:
                    raise BodyMoved("a stored body is not where it was")
                yield body
        finally:
            if fd >= 0:
                os.close(fd)

    def delete(self, connection: Connection, places: Sequence[Place]) -> None:
        """Their bytes are dead from now on."""
        self._table.delete(connection, [place for place in places if place.segment == TABLE])
        dead: dict[int, int] = {}
        for place in places:
            if place.segment != TABLE:
                dead[place.segment] = dead.get(place.segment, 0) - place.length
        for segment, length in sorted(dead.items()):
            _count(connection, segment, length)

    def probe(self) -> None:
        """Write and remove a small file: a full disk or one that is read-only shows here."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"probe-{os.getpid()}"
        try:
            with path.open("wb", buffering=0) as file:
                file.write(bytes(PROBE_BYTES))
                os.fdatasync(file.fileno())
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the open segment; one without any byte is removed."""
        if self._file is None:
            return
        # Forgotten first: whatever fails below, nothing is appended to it any more.
        file, self._file = self._file, None
        file.close()
        if file.size == 0:
            self.path(self._segment).unlink(missing_ok=True)

    def lock(self, segment: int) -> int | None:
        """A descriptor that holds the segment's lock; None while a process writes to it."""
        fd = os.open(self.path(segment), os.O_RDWR)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return None
        return fd

    def on_disk(self) -> dict[int, int]:
        """The size of every segment file."""
        if not self.folder.exists():
            return {}
        found: dict[int, int] = {}
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(ValueError, FileNotFoundError):
                found[int(path.stem)] = path.stat().st_size
        if self._file is not None and self._segment in found:
            found[self._segment] = self._file.size
        return found

    def _open(self) -> BlockFile:
        self.folder.mkdir(exist_ok=True)
        while True:
            segment = time.time_ns() // 1000
            with suppress(FileExistsError):
                file = BlockFile(self.path(segment))
                break
        self._file, self._segment = file, segment
        for folder in (self.folder, self.folder.parent):
            _sync_folder(folder)
        return file

    def _open_to_read(self, segment: int) -> int:
        try:
            return os.open(self.path(segment), os.O_RDONLY)
        except FileNotFoundError:
            raise BodyMoved("a stored body is not where it was") from None

    def _abandon(self) -> None:
        """After a failure nobody knows what the file holds beyond what was synced: never append to it."""
        with suppress(OSError):
            self.close()


def _is_doubtful(error: Exception) -> bool:
    name = getattr(getattr(error, "orig", error), "sqlite_errorname", None)
    return (name or "").startswith("SQLITE_IOERR")


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _count(connection: Connection, segment: int, n_bytes: int) -> None:
    execute(connection, _GROW, (segment, n_bytes))


_GROW = (
    f"INSERT INTO {segments.name} (id, n_live) VALUES (?, ?)"
    " ON CONFLICT (id) DO UPDATE SET n_live = n_live + excluded.n_live"
)
