"""Signals go in: known ones change nothing, new ones find their session or wait for it.

In: `Signal`s within one transaction. Out: a `CommitResult`. Next: `load_signals` gives a session's
signals to the merge.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, select

from pipeline.model.nudge import CommitResult
from pipeline.model.signal import Signal
from pipeline.store.attachment import WAITING, Sought, attach
from pipeline.store.chunks import chunked
from pipeline.store.dialect import insert, lock_ingest
from pipeline.store.schema import signals
from pipeline.store.sessions import raise_versions
from pipeline.store.tombstones import find, session_name, signals_name


def commit_signals(connection: Connection, batch: Sequence[Signal], now: int) -> CommitResult:
    """Keep the new ones and raise the versions of the sessions they belong to."""
    lock_ingest(connection, alone=True)
    fresh: list[Sought] = []
    for signal in batch:
        ref = connection.execute(
            insert(connection, signals)
            .values(
                project=signal.project,
                identity=signal.identity,
                session_id=signal.session_id,
                trace_id=signal.trace_id,
                via=WAITING,
                received=now,
                body=signal.model_dump_json(),
            )
            .on_conflict_do_nothing()
            .returning(signals.c.id)
        ).scalar()
        if ref is not None:
            names = (signal.project, signal.session_id, signal.trace_id)
            fresh.append(Sought(ref, *names, session_ref=None, via=WAITING))
    raised = raise_versions(connection, attach(connection, fresh), now)
    n_expired = _drop_expired(connection, fresh, now)
    return CommitResult(
        n_new=len(fresh) - n_expired,
        n_duplicate=len(batch) - len(fresh),
        n_expired=n_expired,
        n_reopened=raised.n_reopened,
        nudges=tuple(raised.nudges.values()),
    )


def _drop_expired(connection: Connection, fresh: Sequence[Sought], now: int) -> int:
    """Signals of a removed session, or of its traces, would wait for ever."""
    names = {
        signal.id: {
            session_name(signal.project, signal.session_id or ""),
            signals_name(signal.project, signal.trace_id or ""),
        }
        for signal in fresh
    }
    stones = find(connection, {name for some in names.values() for name in some}, now)
    expired = sorted(ref for ref, some in names.items() if some & stones.keys())
    dropped = 0
    for piece in chunked(expired):
        loose = and_(signals.c.id.in_(piece), signals.c.session_ref.is_(None))
        dropped += connection.execute(delete(signals).where(loose)).rowcount
    return dropped


def signals_of(connection: Connection, session_ref: int) -> tuple[Signal, ...]:
    """The session's signals, by identity."""
    bodies = select(signals.c.body).where(signals.c.session_ref == session_ref)
    found = [Signal.model_validate_json(body) for body in connection.execute(bodies).scalars()]
    return tuple(sorted(found, key=lambda signal: (signal.identity, signal.project)))
