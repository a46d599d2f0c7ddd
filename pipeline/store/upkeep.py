"""The removing half of `Store`: what is too old, too much, or named by somebody.

In: limits, or the names of sessions. Out: `Removed`. Next: the receiver calls `retain` every few
minutes, `kelet-sidecar delete` calls the rest.

Sessions go in small transactions, so that spans can be committed in between; a removal that is killed
goes on where it was. One process at a time retains.
"""

import os
import uuid
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Connection, Engine

from pipeline.model.removal import Removed, SessionSize
from pipeline.store import removal, retention
from pipeline.store.compaction import ALL_LIVE, MAX_LIVE_SHARE, compact_bodies
from pipeline.store.failures import store_errors
from pipeline.store.leases import give_back, take_lease
from pipeline.store.reading import Inspection
from pipeline.store.reclaim import rewrite_database
from pipeline.store.search import Question, homes_that_say
from pipeline.store.times import span_micros
from pipeline.store.tombstones import forget, forgotten_since

T = TypeVar("T")

LEASE = "retention"
LEASE_TIME = timedelta(minutes=5)
HOLDER = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
AT_ONCE = 50
FORGOTTEN_LATELY = timedelta(hours=1)
MAX_BATCHES = 1000
"""Of one call: the next one goes on."""


class Upkeep(Inspection):
    """Retention and deletion."""

    _writing: Engine

    @abstractmethod
    def _write(self, work: Callable[[Connection], T]) -> T:
        """Do it in a transaction and wait for the commit."""

    @abstractmethod
    def _now(self) -> int:
        """The store's clock."""

    def retain(self, *, age: timedelta | None, max_bytes: int | None) -> Removed | None:
        """Remove what is too old or too much; None while another process does it."""
        if not self._hold():
            return None
        removed = Removed()
        try:
            for batch in self._expired(age, max_bytes):
                removed += batch
                if not self._hold():
                    break
            if age is not None:
                before = self._now() - span_micros(age)
                self._write(lambda c: retention.drop_leftovers(c, before))
            self._write(lambda c: forget(c, self._now()))
            with store_errors():
                compact_bodies(self._bodies, self._write, self._share_to_keep())
        finally:
            self._write(lambda c: give_back(c, LEASE, HOLDER))
        return removed

    def _share_to_keep(self) -> float:
        """What somebody had removed must leave the segment that this process writes to as well."""
        with self._read() as connection:
            lately = forgotten_since(connection, self._now() - span_micros(FORGOTTEN_LATELY))
        return ALL_LIVE if lately else MAX_LIVE_SHARE

    def _hold(self) -> bool:
        now = self._now()
        until = now + span_micros(LEASE_TIME)
        return self._write(lambda c: take_lease(c, LEASE, HOLDER, until, now))

    def _expired(self, age: timedelta | None, max_bytes: int | None) -> Iterator[Removed]:
        for _ in range(MAX_BATCHES):
            with self._read() as connection:
                old = None if age is None else self._now() - span_micros(age)
                chosen = [] if old is None else retention.silent_since(connection, old)
                if not chosen and max_bytes is not None:
                    old = None
                    chosen = retention.to_fit(connection, max_bytes)
            if not chosen:
                return
            # A session that has gone on meanwhile is not among the oldest any more.
            silent = max(candidate.last_seen for candidate in chosen) if old is None else old
            yield self._remove([c.ref for c in chosen], silent)

    def _remove(self, refs: Sequence[int], silent_since: int) -> Removed:
        return self._write(
            lambda c: removal.remove_sessions(
                c, self._bodies, refs, self._now(), silent_since=silent_since
            )
        )

    def stored_bytes(self) -> int:
        """Bytes of stored spans."""
        with self._read() as connection:
            return retention.stored_bytes(connection)[0]

    def find_sessions(self, session_id: str, project: str | None) -> tuple[SessionSize, ...]:
        """What `forget_session` would remove."""
        with self._read() as connection:
            return tuple(
                SessionSize(project=r.project, session_id=r.session_id, n_spans=r.n_spans)
                for r in removal.known_as(connection, session_id, project)
            )

    def find_sessions_that_say(
        self, says: Question, needle: bytes, project: str | None
    ) -> tuple[SessionSize, ...]:
        """The same of sessions in which a span says something; reads all that is stored."""
        with store_errors():
            homes = homes_that_say(self._read, self._bodies, says, needle)
        found: list[SessionSize] = []
        for home in sorted(home for home in homes if project in (None, home.project)):
            found += self.find_sessions(home.session_id, home.project)
        return tuple(found)

    def forget_sessions(self, named: Sequence[SessionSize]) -> Removed:
        """Remove them with every copy of a quote; to name one that is gone cleans up after it."""
        removed = Removed()
        for first in range(0, len(named), AT_ONCE):
            piece = [(one.project, one.session_id) for one in named[first : first + AT_ONCE]]
            removed += self._write(
                lambda c, piece=piece: removal.forget_sessions(c, self._bodies, piece, self._now())
            )
        return removed

    def reclaim(self) -> int:
        """Give the room of what was removed back to the disk; how many bytes it was."""
        with store_errors():
            return compact_bodies(self._bodies, self._write, ALL_LIVE) + rewrite_database(
                self._writing
            )
