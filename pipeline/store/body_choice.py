"""Which body store belongs to a database.

In: the database's URL. Out: a `BodyStore`. Next: `Store` hands it to whoever writes or reads spans.
"""

from pathlib import Path

from sqlalchemy.engine import URL

from pipeline.store.bodies import BodyStore, TableBodies
from pipeline.store.piece_bodies import PieceBodies
from pipeline.store.segments import SegmentFiles


def segment_folder(url: URL) -> Path | None:
    """The folder beside a SQLite file; None for a database that keeps bodies itself."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(f"{url.database}.segments")


def body_store(url: URL) -> BodyStore:
    """Files beside a SQLite file, pieces on PostgreSQL, a plain table for a database in memory."""
    if url.get_backend_name() == "postgresql":
        return PieceBodies()
    folder = segment_folder(url)
    return TableBodies() if folder is None else SegmentFiles(folder)
