"""Where a test's stores lie: a SQLite file, or a database of its own on a PostgreSQL server.

In: a kind. Out: `Databases`, `current`. Next: `tests.store.storekit.new_store` opens a store there; the
fixture `database` runs a module's tests on both kinds, on PostgreSQL as slow ones.
"""

import functools
import hashlib
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pipeline.store import Store
from pipeline.store.migrate import SCRIPTS
from tests.postgres import drop_database, in_database, new_database, one_at_a_time, shared_url

KINDS = ("sqlite", "postgresql")


class Databases(Protocol):
    """One kind of database."""

    def new(self, folder: Path) -> str:
        """The URL of an empty database of the newest schema."""
        ...

    def blank(self, folder: Path) -> str:
        """The URL of a database without any table."""
        ...

    def close(self) -> None:
        """Remove all that was made."""
        ...


class SqliteFiles:
    """Copies of one file."""

    def new(self, folder: Path) -> str:
        """A copy of an empty database, as that is quicker than to migrate."""
        url = self.blank(folder)
        target = Path(url.removeprefix("sqlite:///"))
        shutil.copytree(sqlite_template().parent, target.parent, dirs_exist_ok=True)
        return url

    def blank(self, folder: Path) -> str:
        """A file that is not there yet."""
        return f"sqlite:///{Path(tempfile.mkdtemp(dir=folder)) / 'store.db'}"

    def close(self) -> None:
        """The files go with the test's folder."""


class PostgresDatabases:
    """Copies of one database."""

    def __init__(self) -> None:
        self._made: list[str] = []

    def new(self, folder: Path) -> str:
        """A copy of an empty database."""
        return self._note(new_database(shared_url(), postgres_template()))

    def blank(self, folder: Path) -> str:
        """A database without tables."""
        return self._note(new_database(shared_url()))

    def _note(self, url: str) -> str:
        self._made.append(url)
        return url

    def close(self) -> None:
        """Drop them."""
        while self._made:
            drop_database(self._made.pop())


_current: list[Databases] = [SqliteFiles()]


def current() -> Databases:
    """The kind on which the running tests work."""
    return _current[-1]


@contextmanager
def working_on(kind: str) -> Generator[Databases]:
    """Within the block `current` is of this kind."""
    databases: Databases = SqliteFiles() if kind == "sqlite" else PostgresDatabases()
    _current.append(databases)
    try:
        yield databases
    finally:
        _current.pop()
        databases.close()


@functools.cache
def sqlite_template() -> Path:
    """An empty database of the newest schema, made once a process."""
    path = Path(tempfile.mkdtemp(prefix="store-template-")) / "store.db"
    Store.open(str(path)).close()
    return path


@functools.cache
def postgres_template() -> str:
    """The name of an empty database of the newest schema, made once for these migrations."""
    scripts = b"".join(path.read_bytes() for path in sorted(SCRIPTS.rglob("*.py")))
    name = f"kelet_template_{hashlib.sha256(scripts).hexdigest()[:16]}"
    with one_at_a_time(shared_url(), 0x6B74) as server:
        known = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if known is None:
            making = new_database(shared_url())
            Store.open(making).close()
            made = making.rpartition("/")[2].partition("?")[0]
            server.execute(f'ALTER DATABASE "{made}" RENAME TO "{name}"')  # pyright: ignore
    return name


__all__ = ["KINDS", "Databases", "current", "in_database", "working_on"]
