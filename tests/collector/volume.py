"""A disk of its own for the database, that can be full or read-only while files on it are open.

In: a folder. Out: `volume`, a `Disk` (root: ext4 on a loop device, with real ENOSPC, real fsync and
files that nobody may write to) or a `Limited` folder, where a limit of the process stands in for
both. Next: `tests.collector.faults` fills and freezes it.
"""

import contextlib
import fcntl
import os
import resource
import struct
import subprocess
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

DISK_BYTES = 4 * 1024**3
CHUNKS = (64 * 1024**2, 1024**2, 4096)
TOP_UP_SECONDS = 0.1
GET_FLAGS, SET_FLAGS, IMMUTABLE = 0x80086601, 0x40086602, 0x10


class Volume(Protocol):
    """Where the data directory lies; `kind` is for reports."""

    kind: str
    path: Path

    def full(self, pid: int) -> "contextlib.AbstractContextManager[None]":
        """No space is left as long as this lasts."""
        ...

    def read_only(self, pid: int, spare: str = "") -> "contextlib.AbstractContextManager[None]":
        """Nothing can be written as long as this lasts, not to open files either.

        `spare` is the end of the names of files that stay as they are.
        """
        ...


class Disk:
    """A mounted file system."""

    kind = "ext4 on a loop device"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    @contextmanager
    def full(self, pid: int) -> Generator[None]:
        """A file takes what is free, again and again."""
        done = threading.Event()
        thread = threading.Thread(target=self._fill_until, args=(done,))
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self._ballast.unlink()

    def _fill_until(self, done: threading.Event) -> None:
        with self._ballast.open("wb") as ballast:
            size = 0
            while True:
                for chunk in CHUNKS:
                    with contextlib.suppress(OSError):
                        while True:
                            os.posix_fallocate(ballast.fileno(), size, chunk)
                            size += chunk
                if done.wait(TOP_UP_SECONDS):
                    return

    @contextmanager
    def read_only(self, pid: int, spare: str = "") -> Generator[None]:
        """Folders and files become immutable: that binds root and open files too."""
        try:
            for path in self._tree():
                if not (spare and path.name.endswith(spare)):
                    set_immutable(path, True)
            yield
        finally:
            for path in self._tree():
                set_immutable(path, False)

    def _tree(self) -> Iterator[Path]:
        yield self.path
        for path in sorted(self.path.rglob("*")):
            if path.is_dir() or path.is_file():
                yield path


class Limited:
    """A plain folder: the process may not write to any file any more (EFBIG in place of ENOSPC)."""

    kind = "a folder and RLIMIT_FSIZE, as this user may not mount"

    def __init__(self, path: Path) -> None:
        self.path = path

    def full(self, pid: int) -> "contextlib.AbstractContextManager[None]":
        """Every write fails, as when the disk is read-only."""
        return self.read_only(pid)

    @contextmanager
    def read_only(self, pid: int, spare: str = "") -> Generator[None]:
        """The limit is 0."""
        was = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, was[1]))
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, was)


def set_immutable(path: Path, wanted: bool) -> None:
    """As `chattr` does; a file that is gone meanwhile is no problem."""
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(path, os.O_RDONLY)
        try:
            old = fcntl.ioctl(handle, GET_FLAGS, struct.pack("l", 0))
            (flags,) = struct.unpack("l", old)
            flags = flags | IMMUTABLE if wanted else flags & ~IMMUTABLE
            fcntl.ioctl(handle, SET_FLAGS, struct.pack("l", flags))
        finally:
            os.close(handle)


@contextmanager
def volume(folder: Path) -> Generator[Volume]:
    """The best that this user can have."""
    image, mount = folder / "disk.img", folder / "disk"
    mount.mkdir(parents=True)
    if not _mounted(image, mount):
        image.unlink(missing_ok=True)
        yield Limited(mount)
        return
    try:
        yield Disk(mount)
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)
        image.unlink()


def _mounted(image: Path, mount: Path) -> bool:
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    make = ["mkfs.ext4", "-q", "-m", "0", str(image)]
    for command in (make, ["mount", "-o", "loop", str(image), str(mount)]):
        try:
            done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        if done.returncode != 0:
            return False
    return True
