"""Whether the store can be written: asked of the disk and the database, not of hope.

In: the writer and the body store. Out: `WriteProbe`. Next: `Store.ping` tells health.

A database that is read-only or on a full disk still answers questions. So now and then one row and a
small file are really written.
"""

import time

from sqlalchemy import Connection, update

from pipeline.store.bodies import BodyStore
from pipeline.store.dialect import insert
from pipeline.store.failures import store_errors
from pipeline.store.schema import probes
from pipeline.store.writer import Writer

PROBE_EVERY_SECONDS = 5.0


class WriteProbe:
    """Tries a write, at most every few seconds as long as it succeeds."""

    def __init__(self, writer: Writer, bodies: BodyStore) -> None:
        self._writer = writer
        self._bodies = bodies
        self._succeeded: float | None = None

    def check(self) -> None:
        """Raises `StoreUnavailable` if nothing can be written."""
        now = time.monotonic()
        if self._succeeded is not None and now - self._succeeded < PROBE_EVERY_SECONDS:
            return
        self._succeeded = None
        with store_errors():
            self._bodies.probe()
        self._writer.run(_write_row)
        self._succeeded = now


def _write_row(connection: Connection) -> None:
    now = time.time_ns() // 1000
    changed = connection.execute(update(probes).where(probes.c.id == 1).values(written=now))
    if not changed.rowcount:
        connection.execute(insert(connection, probes).values(id=1, written=now))
