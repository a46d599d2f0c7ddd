"""Times in columns: integer microseconds, so that every dialect adds and compares them alike.

In: aware datetimes and timedeltas. Out: integers, and back. Next: every reader and writer.
"""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def utc_now() -> datetime:
    """The store's clock unless another is injected."""
    return datetime.now(UTC)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment, aware and in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def span_micros(duration: timedelta) -> int:
    """A duration in microseconds."""
    return duration // MICROSECOND


def since(now: int, then: int) -> timedelta:
    """How long ago; never negative, clocks of processes differ."""
    return timedelta(microseconds=max(0, now - then))
