"""Errors of the database driver -> the domain's errors, without a word of what was being written.

In: whatever a statement raised. Out: `StoreUnavailable`, or the domain's own error as it was.
Next: the edge answers UNAVAILABLE, the workers let Temporal try again.
"""

import traceback
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from pipeline.errors import SidecarError, StoreUnavailable

CONFLICTS = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock."""
OUTAGE_CLASSES = frozenset({"08", "25", "53", "57", "58", "XX"})
"""Connection, read-only or broken transaction, resources, operator, system, internal."""


def as_store_error(error: Exception) -> SidecarError:
    """The domain's own errors pass; anything else may heal, so nothing is ever dropped for it."""
    if isinstance(error, SidecarError):
        return error
    kind = type(error).__name__
    if isinstance(error, DBAPIError):
        cause = type(error.orig).__name__ if error.orig else kind
        return StoreUnavailable(f"the database refused: {cause}{_code(error)}")
    if isinstance(error, SQLAlchemyError):
        return StoreUnavailable(f"the database did not answer: {kind}")
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return StoreUnavailable(f"the store failed: {kind}{where}")


def _code(error: DBAPIError) -> str:
    name = getattr(error.orig, "sqlite_errorname", None) or sqlstate(error)
    return f" ({name})" if name else ""


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five characters; "" where there are none."""
    orig = error.orig if isinstance(error, DBAPIError) else None
    return getattr(orig, "sqlstate", None) or ""


def is_conflict(error: BaseException) -> bool:
    """Two transactions stood in each other's way: the same work succeeds when it is tried again."""
    return sqlstate(error) in CONFLICTS


def is_outage(error: BaseException) -> bool:
    """The database or the disk, not the data: to try each piece alone would only wait once more."""
    if is_conflict(error):
        return False
    return isinstance(error, OperationalError | OSError) or sqlstate(error)[:2] in OUTAGE_CLASSES


@contextmanager
def store_errors() -> Generator[None]:
    """Translate what leaves the block; the original is not chained, its text may hold trace text."""
    try:
        yield
    except Exception as error:
        raise as_store_error(error) from None
