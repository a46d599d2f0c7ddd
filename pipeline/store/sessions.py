"""Sessions as the ingest sees them: found or made by name, their versions raised, emptied ones merged.

In: homes of spans, sessions that a commit touched. Out: row ids; nudges for those that turned dirty.
Next: `SessionWorkflow` analyses them, `analysis` finishes them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, literal_column, select, true, update

from pipeline.model.nudge import Nudge
from pipeline.model.session import SessionState, session_digest
from pipeline.model.signal import Verdict, VerdictLabel
from pipeline.model.span_keys import Home
from pipeline.store.agents import agents_of, raise_epochs
from pipeline.store.chunks import chunked
from pipeline.store.dialect import execute_many
from pipeline.store.name_keys import SESSIONS
from pipeline.store.plain_sql import insert_rows, rows_in
from pipeline.store.row_ids import new_ids
from pipeline.store.schema import session_agents, session_rows, sessions, stage_results

UNKNOWN_VERDICT = Verdict(label=VerdictLabel.UNKNOWN, confidence=0.0).model_dump_json()


class Placed(NamedTuple):
    """Sessions after a commit has put spans there."""

    refs: dict[Home, int]
    fresh: dict[int, Nudge]
    """Those that the commit made, at their first version."""
    deltas: dict[int, int]

    @property
    def lost(self) -> bool:
        """Whether a session has fewer spans than before."""
        return min(self.deltas.values(), default=0) < 0


def place_spans(
    connection: Connection,
    deltas: Mapping[Home, int],
    now: int,
    versions: Mapping[Home, int] | None = None,
) -> Placed:
    """Count the spans that sessions gained or lost; new sessions begin with them, dirty and nudged.

    One that was removed goes on from its last version, so that nothing of then passes for newer.
    """
    first = {home: version + 1 for home, version in (versions or {}).items()}
    digests = digests_of(deltas)
    refs = refs_of(connection, digests)
    missing = sorted(deltas.keys() - refs.keys())
    ids = dict(zip(missing, new_ids(connection, sessions, len(missing)), strict=True))
    if missing:
        rows = [
            _new_row(home, digests[home], ref, first.get(home, 1), deltas[home], now)
            for home, ref in ids.items()
        ]
        n_made = insert_rows(connection, sessions, rows, unless_there=True)
        SESSIONS.add(connection, [(digests[home], ref) for home, ref in ids.items()])
        # On PostgreSQL another process may have made the same session: then that one counts.
        made = n_made == len(ids)
        refs |= ids if made else refs_of(connection, {home: digests[home] for home in missing})
    fresh = {
        ref: Nudge(home.project, digests[home], first.get(home, 1))
        for home, ref in ids.items()
        if refs[home] == ref
    }
    by_ref = {refs[home]: delta for home, delta in deltas.items()}
    add_spans(connection, {ref: delta for ref, delta in by_ref.items() if ref not in fresh})
    return Placed(refs, fresh, by_ref)


def digests_of(homes: Iterable[Home]) -> dict[Home, str]:
    """The digests of the session ids."""
    return {home: session_digest(home[1]) for home in homes}


def refs_of(connection: Connection, digests: Mapping[Home, str]) -> dict[Home, int]:
    """The row ids of those of the sessions that are known."""
    wanted = {(home[0], digest): home for home, digest in digests.items()}
    names = sorted(set(digests.values()))
    found: dict[Home, int] = {}
    for ref, project, digest in SESSIONS.rows(connection, "id, project, digest", names):
        if (home := wanted.get((project, digest))) is not None:
            found[home] = ref
    return found


def _new_row(
    home: Home, digest: str, ref: int, version: int, n_spans: int, now: int
) -> tuple[Any, ...]:
    """In the order of the table's columns."""
    names = (home[0], digest, home[1])
    return (ref, *names, version, 0, n_spans, *_NOT_ANALYSED, True, now, now, now, now)


_NOT_ANALYSED = (
    SessionState.WAITING.value,
    "",
    VerdictLabel.UNKNOWN.value,
    UNKNOWN_VERDICT,
    json.dumps([]),
    "",
)
"""State, reason, label, verdict, agents, engine version."""


def add_spans(connection: Connection, deltas: Mapping[int, int]) -> None:
    """Count spans that sessions gained or lost."""
    changed = [{"ref": ref, "delta": delta} for ref, delta in sorted(deltas.items()) if delta]
    if changed:
        refs = [change["ref"] for change in changed]
        if connection.dialect.name == "postgresql":  # in sorted order, whatever the plan below is
            rows_in(connection, _LOCK, refs, lock=True)
        execute_many(connection, _COUNT, changed)


_LOCK = "SELECT id FROM sessions WHERE id {values} ORDER BY id"


_COUNT = (
    update(sessions)
    .where(sessions.c.id == bindparam("ref"))
    .values(n_spans=sessions.c.n_spans + bindparam("delta"))
)


class Raised(NamedTuple):
    """Sessions after their versions have risen."""

    nudges: dict[int, Nudge]
    """Those that turned dirty."""
    analysed: set[int]
    """Those that had been analysed at an earlier version: what comes to them is late."""

    @property
    def n_reopened(self) -> int:
        """Sessions that had been analysed and turned dirty again."""
        return len(self.nudges.keys() & self.analysed)


def raise_versions(connection: Connection, refs: Iterable[int], now: int) -> Raised:
    """Each session's version rises by one; those that turn dirty are to be nudged."""
    nudges: dict[int, Nudge] = {}
    analysed: set[int] = set()
    changes: list[dict[str, Any]] = []
    for refs_piece in chunked(sorted(set(refs))):
        for row in _locked(connection, refs_piece):
            version = row.version + 1
            if row.n_spans == 0:
                _retract(connection, row.id, row.project, version, now)
                continue
            if row.analysed_version:
                analysed.add(row.id)
            if not row.nudged:
                nudges[row.id] = Nudge(row.project, row.digest, version)
            changes.append(
                {
                    "ref": row.id,
                    "new_version": version,
                    "since": now if row.dirty_since is None else row.dirty_since,
                    "at": row.nudged_at if row.nudged else now,
                    "now": now,
                }
            )
    if changes:
        execute_many(connection, _DIRTY, changes)
    return Raised(nudges, analysed)


def _locked(connection: Connection, refs: Sequence[int]) -> Sequence[Row[Any]]:
    columns = (
        "id",
        "project",
        "digest",
        "version",
        "analysed_version",
        "n_spans",
        "nudged",
        "nudged_at",
        "dirty_since",
    )
    chosen = select(*(sessions.c[name] for name in columns)).where(sessions.c.id.in_(refs))
    return connection.execute(chosen.order_by(sessions.c.id).with_for_update()).all()


_DIRTY = (
    update(sessions)
    .where(sessions.c.id == bindparam("ref"))
    .values(
        version=bindparam("new_version"),
        dirty_since=bindparam("since"),
        nudged_at=bindparam("at"),
        last_seen=bindparam("now"),
        nudged=true(),
        state=literal_column(f"'{SessionState.WAITING.value}'"),
        reason=literal_column("''"),
    )
)


def _retract(connection: Connection, ref: int, project: str, version: int, now: int) -> None:
    """An emptied session: what it contributed is taken back, its agents must be aggregated anew."""
    names = agents_of(connection, ref)
    had_row = connection.execute(
        delete(session_rows).where(session_rows.c.session_ref == ref)
    ).rowcount
    connection.execute(delete(session_agents).where(session_agents.c.session_ref == ref))
    connection.execute(delete(stage_results).where(stage_results.c.session_ref == ref))
    if had_row:
        raise_epochs(connection, project, names, now, orphaned=True)
    connection.execute(
        update(sessions)
        .where(sessions.c.id == ref)
        .values(
            version=version,
            analysed_version=version,
            state=SessionState.MERGED.value,
            reason="",
            label=VerdictLabel.UNKNOWN.value,
            verdict=UNKNOWN_VERDICT,
            agents=json.dumps([]),
            nudged=False,
            dirty_since=None,
        )
    )


def occupied(connection: Connection, project: str, session_id: str) -> int | None:
    """The row id of a session that has spans."""
    return connection.execute(
        select(sessions.c.id).where(
            SESSIONS.has(connection, [session_digest(session_id)]),
            sessions.c.project == project,
            sessions.c.n_spans > 0,
        )
    ).scalar()
