"""Errors of the database driver -> the domain's errors, without a word of what was being written.

In: whatever a statement raised. Out: `StoreUnavailable`, or the domain's own error as it was.
Next: the edge answers UNAVAILABLE, the workers let Temporal try again.
"""

import sqlite3
import traceback
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from pipeline.errors import SidecarError, StoreUnavailable

CONFLICTS = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock."""
UNIQUE_VIOLATION = "23505"
TRACE_KEY = "uq_traces_trace_id_scope"
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
    if isinstance(error, psycopg.Error | sqlite3.Error):
        return StoreUnavailable(f"the database refused: {kind}{_code(error)}")
    if isinstance(error, SQLAlchemyError):
        return StoreUnavailable(f"the database did not answer: {kind}")
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return StoreUnavailable(f"the store failed: {kind}{where}")


def _code(error: Exception) -> str:
    name = getattr(_driver_error(error), "sqlite_errorname", None) or sqlstate(error)
    return f" ({name})" if name else ""


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five characters; "" where there are none."""
    return getattr(_driver_error(error), "sqlstate", None) or ""


def _driver_error(error: BaseException) -> BaseException | None:
    """The ingest goes past SQLAlchemy, which else wraps what the driver raises."""
    return error.orig if isinstance(error, DBAPIError) else error


def is_conflict(error: BaseException) -> bool:
    """Two transactions stood in each other's way: the same work succeeds when it is tried again."""
    return sqlstate(error) in CONFLICTS or met_at_once(error)


def met_at_once(error: BaseException) -> bool:
    """Two processes met a new trace at the same time."""
    if sqlstate(error) != UNIQUE_VIOLATION:
        return False
    told = getattr(_driver_error(error), "diag", None)
    return getattr(told, "constraint_name", None) == TRACE_KEY


def is_outage(error: BaseException) -> bool:
    """The database or the disk, not the data: to try each piece alone would only wait once more."""
    if is_conflict(error):
        return False
    lost = (OperationalError, psycopg.OperationalError, sqlite3.OperationalError, OSError)
    return isinstance(error, lost) or sqlstate(error)[:2] in OUTAGE_CLASSES


@contextmanager
def store_errors() -> Generator[None]:
    """Translate what leaves the block; the original is not chained, its text may hold trace text."""
    try:
        yield
    except Exception as error:
        raise as_store_error(error) from None


@contextmanager
def named(url: str) -> Generator[None]:
    """Say which database it is that does not answer, without its password."""
    try:
        yield
    except SidecarError:
        raise
    except Exception as error:
        told = str(as_store_error(error))
        raise StoreUnavailable(f"{told}, at start, of {_shown(url)}; see KELET_STORE_URL") from None


def _shown(url: str) -> str:
    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return url if "://" not in url else "a URL that cannot be read"
