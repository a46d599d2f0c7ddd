"""Signals go in: known ones change nothing, new ones find their session or wait for it.

In: `Signal`s within one transaction. Out: a `CommitResult`. Next: `load_signals` gives a session's
signals to the merge.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from pipeline.model.nudge import CommitResult
from pipeline.model.signal import Signal
from pipeline.store.attachment import WAITING, Sought, attach
from pipeline.store.dialect import insert, lock_ingest
from pipeline.store.schema import signals
from pipeline.store.sessions import raise_versions


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
    nudges = raise_versions(connection, attach(connection, fresh), now)
    return CommitResult(
        n_new=len(fresh), n_duplicate=len(batch) - len(fresh), nudges=tuple(nudges.values())
    )


def signals_of(connection: Connection, session_ref: int) -> tuple[Signal, ...]:
    """The session's signals, by identity."""
    bodies = select(signals.c.body).where(signals.c.session_ref == session_ref)
    found = [Signal.model_validate_json(body) for body in connection.execute(bodies).scalars()]
    return tuple(sorted(found, key=lambda signal: (signal.identity, signal.project)))
