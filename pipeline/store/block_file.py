"""A file that grows by whole blocks, past the page cache where the file system can do that.

In: pieces of bytes. Out: they are on the disk. Next: `segments` knows what lies where.

What is appended is read minutes later or never. In the page cache it would take memory that nobody has
touched for long: dear to get, and taken from whoever needs it. So it is gathered in one buffer and
written from there. The last block, half full, is written again with what follows it.
"""

import errno
import fcntl
import mmap
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

BLOCK = 4096
BUFFER_BYTES = 2 * 2**20
DIRECT: int = getattr(os, "O_DIRECT", 0)


class BlockFile:
    """A new file that this process appends to and holds the lock of."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self._tail = b""
        self._buffer = memoryview(mmap.mmap(-1, BUFFER_BYTES))
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self.fd, fcntl.LOCK_EX)
        with suppress(OSError):  # not every file system can: then by the page cache
            self._set_direct(True)

    def append(self, pieces: Iterable[bytes | memoryview]) -> None:
        """Written and synced when this returns; after an `OSError` nobody knows what the file holds."""
        at, filled = self.size - len(self._tail), len(self._tail)
        self._buffer[:filled] = self._tail
        for piece in pieces:
            rest = piece
            while (end := filled + len(rest)) >= BUFFER_BYTES:
                room = BUFFER_BYTES - filled
                self._buffer[filled:] = rest[:room]
                self._write(BUFFER_BYTES, at)
                rest, at, filled = rest[room:], at + BUFFER_BYTES, 0
            self._buffer[filled:end] = rest
            filled = end
        whole = _whole_blocks(filled)
        self._buffer[filled:whole] = bytes(
            whole - filled
        )  # else what was written before stands here
        self._write(whole, at)
        os.fdatasync(self.fd)
        self._tail = bytes(self._buffer[filled - filled % BLOCK : filled])
        self.size = at + filled

    def mark(self) -> tuple[int, bytes]:
        """To come back to."""
        return self.size, self._tail

    def take_back(self, mark: tuple[int, bytes]) -> None:
        """Forget what was appended since; its room is given back."""
        self.size, self._tail = mark
        os.ftruncate(self.fd, _whole_blocks(self.size))

    def close(self) -> None:
        """Leave nothing behind the last byte."""
        try:
            os.ftruncate(self.fd, self.size)
        finally:
            os.close(self.fd)

    def _write(self, n_bytes: int, at: int) -> None:
        done = 0
        while done < n_bytes:
            try:
                done += os.pwrite(self.fd, self._buffer[done:n_bytes], at + done)
            except OSError as error:
                if error.errno != errno.EINVAL or not self._set_direct(False):
                    raise

    def _set_direct(self, wanted: bool) -> bool:
        """Whether that changed anything."""
        flags = fcntl.fcntl(self.fd, fcntl.F_GETFL)
        if bool(flags & DIRECT) == wanted:
            return False
        fcntl.fcntl(self.fd, fcntl.F_SETFL, flags ^ DIRECT)
        return True


def _whole_blocks(n_bytes: int) -> int:
    return -(-n_bytes // BLOCK) * BLOCK
