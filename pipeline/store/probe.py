"""Whether the store can be written: asked of the disk and the database, not of hope.

In: the writer and the body store. Out: `WriteProbe`. Next: `Store.ping` tells health.

A database that is read-only or on a full disk still answers questions. So now and then one row and a
small file are really written. On a disk that is nearly full these fit where requests do not, so that
spans which were refused lately count for more.
"""

import time
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Connection, update

from pipeline.errors import StoreUnavailable
from pipeline.store.bodies import BodyStore
from pipeline.store.dialect import insert
from pipeline.store.failures import store_errors
from pipeline.store.schema import probes
from pipeline.store.writer import Writer

PROBE_EVERY_SECONDS = 5.0
REFUSED_SECONDS = 15.0
"""How long refused spans count, unless others are stored: with nobody sending, the probe must do."""


class WriteProbe:
    """Tries a write, at most every few seconds as long as it succeeds."""

    def __init__(self, writer: Writer, bodies: BodyStore) -> None:
        self._writer = writer
        self._bodies = bodies
        self._succeeded: float | None = None
        self._refused: float | None = None

    def note(self, commit: "Future[Any]") -> None:
        """What became of spans that were to be stored."""
        refused = not commit.cancelled() and isinstance(commit.exception(), StoreUnavailable)
        self._refused = time.monotonic() if refused else None

    def check(self) -> None:
        """Raises `StoreUnavailable` if nothing can be written, or spans were refused lately."""
        now = time.monotonic()
        if self._succeeded is None or now - self._succeeded >= PROBE_EVERY_SECONDS:
            self._succeeded = None
            self._try()
            self._succeeded = now
        if self._refused is not None and now - self._refused < REFUSED_SECONDS:
            raise StoreUnavailable("the last spans could not be written")

    def _try(self) -> None:
        try:
            with store_errors():
                self._bodies.probe()
            self._writer.run(_write_row)
        except Exception:
            self._refused = None  # the probe sees it by itself, and so will see the end of it
            raise


def _write_row(connection: Connection) -> None:
    now = time.time_ns() // 1000
    changed = connection.execute(update(probes).where(probes.c.id == 1).values(written=now))
    if not changed.rowcount:
        connection.execute(insert(connection, probes).values(id=1, written=now))
