"""The data directory of `dev`: one process at a time, and nothing left over from a killed one.

In: a path. Out: `DataDir`, locked; a record of the children that run in it. Next:
`exporter.cli.supervisor` writes the record, the next start reads it.
"""

import errno
import fcntl
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

from pipeline.errors import Conflict, Permanent

LOCK = "lock"
CHILDREN = "children.json"
PATIENCE_SECONDS = 10.0


class NoFolder(Permanent):
    """The data directory cannot be used; the message says why and what to set."""

    code = "no_folder"


def make_folder(path: Path) -> None:
    """The folder, ours alone: traces of other people's conversations lie there."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise NoFolder(
            f"data_dir: {path} cannot be written ({error.strerror}): choose another folder with"
            " --data-dir or KELET_DATA_DIR"
        ) from None


class DataDir:
    """Context manager: inside it the directory is ours and no survivor runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._children: dict[str, tuple[int, str]] = {}

    def __enter__(self) -> "DataDir":
        make_folder(self.path)
        self._lock = (self.path / LOCK).open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise Conflict(
                f"{self.path} is in use by another `kelet-sidecar dev`: end that one, "
                "or choose another directory with --data-dir"
            ) from None
        _end_survivors(self.path / CHILDREN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        (self.path / CHILDREN).unlink(missing_ok=True)
        self._lock.close()

    def record(self, name: str, pid: int) -> None:
        """Remember a child, so that the next start can end it if we no longer can."""
        self._children[name] = (pid, start_time(pid) or "")
        fresh = self.path / f"{CHILDREN}.new"
        fresh.write_text(json.dumps(self._children))
        fresh.replace(self.path / CHILDREN)


def start_time(pid: int) -> str | None:
    """When the process was started, as its system tells it; None when there is no such process.

    Pid and start time together name a process: a pid alone is given to others later.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _start_time_by_ps(pid)
    except ProcessLookupError:
        return None
    fields = stat.rsplit(")", 1)[1].split()
    return None if fields[0] == "Z" else fields[19]


def _start_time_by_ps(pid: int) -> str | None:
    asked = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or None


def _end_survivors(record: Path) -> None:
    """Children of a `dev` that was killed. The lock is ours, so nobody owns them."""
    try:
        children: dict[str, tuple[int, str]] = json.loads(record.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return
    survivors = [pid for pid, started in children.values() if _is(pid, started)]
    for pid in survivors:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(_is(*child) for child in children.values()) and time.monotonic() < deadline:
        time.sleep(0.02)


def _is(pid: int, started: str) -> bool:
    return bool(started) and start_time(pid) == started
