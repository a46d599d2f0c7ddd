"""What is too old or too much is removed, the oldest sessions first.

In: limits of age and bytes. Out: rows of sessions to remove; one bounded batch a transaction. Next:
`removal`; the receiver asks for it every few minutes.

Age counts from the last span or signal that was received. Bytes are those of stored spans.
"""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select

from pipeline.store.bodies import TABLE
from pipeline.store.model_schema import claim_checks, model_answers
from pipeline.store.schema import segments, sessions, signals, trace_chunks

BATCH = 100
"""Sessions in one transaction: who commits spans waits for its end."""
MAX_BATCH_SPANS = 20_000


class Candidate(NamedTuple):
    """A session that may have to go."""

    ref: int
    last_seen: int
    n_spans: int


def silent_since(connection: Connection, before: int) -> list[Candidate]:
    """The sessions that have been silent longest, if that is long enough: one batch."""
    return _batch(connection, sessions.c.last_seen <= before)


def to_fit(connection: Connection, max_bytes: int) -> list[Candidate]:
    """The oldest sessions, as many as hold what is too much: one batch."""
    stored, n_spans = stored_bytes(connection)
    excess = stored - max_bytes
    if excess <= 0:
        return []
    wanted = max(1, round(excess * n_spans / max(stored, 1)))
    chosen: list[Candidate] = []
    for candidate in _batch(connection, sessions.c.n_spans > 0):
        if sum(c.n_spans for c in chosen) >= wanted:
            break
        chosen.append(candidate)
    return chosen


def _batch(connection: Connection, which: ColumnElement[bool]) -> list[Candidate]:
    columns = select(sessions.c.id, sessions.c.last_seen, sessions.c.n_spans)
    oldest = columns.where(which).order_by(sessions.c.last_seen, sessions.c.id).limit(BATCH)
    chosen: list[Candidate] = []
    n_spans = 0
    for row in connection.execute(oldest):
        if chosen and n_spans + row.n_spans > MAX_BATCH_SPANS:
            break
        n_spans += row.n_spans
        chosen.append(Candidate(*row))
    return chosen


def stored_bytes(connection: Connection) -> tuple[int, int]:
    """Bytes of stored spans, and their number."""
    in_files = select(func.coalesce(func.sum(segments.c.n_live), 0))
    in_table = select(func.coalesce(func.sum(trace_chunks.c.length), 0)).where(
        trace_chunks.c.segment <= TABLE
    )
    n_spans = select(func.coalesce(func.sum(sessions.c.n_spans), 0))
    bytes_of = [int(connection.execute(query).scalar_one()) for query in (in_files, in_table)]
    return sum(bytes_of), int(connection.execute(n_spans).scalar_one())


def drop_leftovers(connection: Connection, before: int) -> int:
    """Signals that have waited too long for a session, and what models were asked so long ago."""
    loose = and_(signals.c.session_ref.is_(None), signals.c.received <= before)
    dropped = connection.execute(delete(signals).where(loose)).rowcount
    for table in (model_answers, claim_checks):
        connection.execute(delete(table).where(table.c.created <= before))
    return dropped
