"""What was removed leaves a hash, so that spans which are delivered again do not bring it back.

In: removed sessions and traces, names of what comes in and is not known. Out: `Tombstone`s by name.
Next: `spans` drops what is expired, `retention` buries and forgets.

A span is delivered again only if it began before the newest one that was removed: a session that
goes on after its removal begins anew.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, select

from pipeline.store.chunks import chunked
from pipeline.store.dialect import insert
from pipeline.store.schema_retention import tombstones
from pipeline.store.times import span_micros

LIFETIME = span_micros(timedelta(days=30))

Name = tuple[str, ...]
"""("session", project, session id), ("trace", scope, trace id), ("signals", project, trace id), and of
a trace that others still have spans in ("parted", scope, trace id) and ("span", scope, trace id, span
id)."""


class Tombstone(NamedTuple):
    """`newest_start` in Unix nanoseconds, as sent; `version` is the last one of a session."""

    newest_start: int
    version: int
    forgotten: bool = False


def session_name(project: str, session_id: str) -> Name:
    """How a session is called here."""
    return ("session", project, session_id)


def trace_name(scope: str, trace_id: str) -> Name:
    """How a trace is called here."""
    return ("trace", scope, trace_id)


def parted_name(scope: str, trace_id: str) -> Name:
    """How a trace is called of which some spans were removed: those have tombstones of their own."""
    return ("parted", scope, trace_id)


def span_name(scope: str, trace_id: str, span_id: bytes) -> Name:
    """How a span is called that was removed from a trace which goes on."""
    return ("span", scope, trace_id, span_id.hex())


def signals_name(project: str, trace_id: str) -> Name:
    """How the signals of a trace are called here: they do not know its scope."""
    return ("signals", project, trace_id)


def digest_of_name(name: Name) -> bytes:
    """One way only: a removed session's id is not to be read from its tombstone."""
    text = "\0".join(part.replace("\\", "\\\\").replace("\0", "\\0") for part in name)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def bury(connection: Connection, removed: Mapping[Name, Tombstone], now: int) -> None:
    """Leave tombstones; the newer one stays."""
    rows = [
        {
            "digest": digest_of_name(name),
            "newest_start": stone.newest_start,
            "version": stone.version,
            "removed": now,
            "forgotten": stone.forgotten,
        }
        for name, stone in removed.items()
    ]
    if rows:
        fresh = insert(connection, tombstones)
        names = ("newest_start", "version", "removed", "forgotten")
        changes = {name: fresh.excluded[name] for name in names}
        rows.sort(key=lambda row: row["digest"])
        connection.execute(
            fresh.on_conflict_do_update(index_elements=["digest"], set_=changes), rows
        )


def find(connection: Connection, names: Iterable[Name], now: int) -> dict[Name, Tombstone]:
    """The tombstones among these that have not run out."""
    if connection.exec_driver_sql(_ANY).first() is None:
        return {}
    found: dict[Name, Tombstone] = {}
    by_digest = {digest_of_name(name): name for name in names}
    for digests in chunked(by_digest):
        alive = and_(tombstones.c.digest.in_(digests), tombstones.c.removed > now - LIFETIME)
        for row in connection.execute(select(tombstones).where(alive)):
            found[by_digest[row.digest]] = Tombstone(row.newest_start, row.version, row.forgotten)
    return found


_ANY = f"SELECT 1 FROM {tombstones.name} LIMIT 1"


def forget(connection: Connection, now: int) -> int:
    """Drop those that have run out."""
    old = tombstones.c.removed <= now - LIFETIME
    return connection.execute(delete(tombstones).where(old)).rowcount


def forgotten_since(connection: Connection, moment: int) -> bool:
    """Whether somebody had a session removed since then."""
    lately = and_(tombstones.c.forgotten, tombstones.c.removed > moment)
    return (
        connection.execute(select(tombstones.c.removed).where(lately).limit(1)).first() is not None
    )
