"""What a commit of spans need not look for: asked once, under the lock that keeps it so.

In: a transaction that has locked the ingest. Out: `Glance`. Next: `spans` leaves out what cannot be.
"""

from typing import NamedTuple

from sqlalchemy import Connection

from pipeline.store.driver import execute
from pipeline.store.schema import LOOSE


class Glance(NamedTuple):
    """Whether there are tombstones, and loose signals."""

    buried: bool
    loose: bool


def glance(connection: Connection) -> Glance:
    """One statement; an index holds the loose signals alone."""
    return Glance(*map(bool, execute(connection, _GLANCE).fetchone()))


_GLANCE = f"SELECT EXISTS (SELECT 1 FROM tombstones), EXISTS (SELECT 1 FROM signals WHERE {LOOSE})"
