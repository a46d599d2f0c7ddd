"""The sidecar's database in a run of faults: a SQLite file, or a PostgreSQL server that can be harmed.

In: a folder on the disk that the faults fill. Out: `Sqlite`, `Postgres`. Next:
`tests.collector.faults` harms it and `tests.collector.ledger` reads it in the end.
"""

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psutil
import psycopg

from tests.postgres import PostgresServer

REVIVE_SECONDS = 60.0
KINDS = ("sqlite", "postgresql")


class Database(Protocol):
    """One database and, if it has any, its processes."""

    @property
    def url(self) -> str:
        """What the sidecar is given."""
        ...

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Somebody else holds what every commit of spans needs."""
        ...

    def kill(self) -> None:
        """Kill -9 of its processes."""
        ...

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """Its processes are stopped (SIGSTOP)."""
        ...

    def revive(self) -> None:
        """As a supervisor does: start it unless it answers."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class Sqlite:
    """A file in the sidecar's data directory; no process of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "kelet.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self._path}"

    @contextmanager
    def locked(self) -> Generator[None]:
        """Another process that writes."""
        with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def kill(self) -> None:
        raise AssertionError("SQLite has no process")

    def paused(self) -> contextlib.AbstractContextManager[None]:
        raise AssertionError("SQLite has no process")

    def revive(self) -> None:
        """It is always there."""

    def close(self) -> None:
        """Nothing is held."""


class Postgres:
    """A server of our own, with its data on the disk that the faults fill."""

    def __init__(self, folder: Path) -> None:
        self._server = PostgresServer(folder)
        self._data = folder / "data"

    @property
    def url(self) -> str:
        return self._server.url

    @contextmanager
    def locked(self) -> Generator[None]:
        """A transaction that alters a table, as a careless administrator's."""
        with psycopg.connect(self.url) as connection:
            connection.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
            yield
            connection.rollback()

    def kill(self) -> None:
        """The first process; the others notice and end."""
        self._server.kill()

    @contextmanager
    def paused(self) -> Generator[None]:
        """All processes, so that connections stay open and nothing answers."""
        first = psutil.Process(self._server.pid)
        pids = [first.pid, *(child.pid for child in first.children(recursive=True))]
        _signal(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(pids, signal.SIGCONT)

    def revive(self) -> None:
        """After a crash the server starts anew by itself, unless its first process ended."""
        deadline = time.monotonic() + REVIVE_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, "PostgreSQL does not come back"
            if _has_ended(self._server.pid):
                # Where nobody reaps the process, its number would keep the next one from starting.
                for left in ("postmaster.pid", ".s.PGSQL.5432.lock"):
                    (self._data / left).unlink(missing_ok=True)
                with contextlib.suppress(subprocess.SubprocessError):
                    self._server.start()
            time.sleep(0.2)

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.Error):
            with psycopg.connect(self.url, connect_timeout=5) as connection:
                connection.execute("SELECT 1")
            return True
        return False

    def close(self) -> None:
        """Stop it."""
        self._server.close()


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _has_ended(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def database(kind: str, folder: Path) -> Database:
    """A new one."""
    return Sqlite(folder / "data") if kind == "sqlite" else Postgres(folder / "postgres")
