"""The one writer of a process: a thread that commits in groups.

In: pieces of work, each with a future. Out: the futures end after the commit that made the work
durable. Next: the edge acknowledges, the activity returns.

While one commit waits for the disk, requests queue up; the next transaction takes them all, so the
sync is paid once a group. If a group fails it is rolled back and every piece is tried alone: one bad
piece harms nothing beside it. A piece that stood in the way of another process is tried again after a
short pause. Work may therefore run twice and must have no effect but on the store.

What a piece of work applies may be made here first, before the transaction, once. Two threads that both
compute would only hand the interpreter to and fro; and while a group is committed, the requests of the
next one cost nothing but their bytes.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from pipeline.errors import StoreUnavailable
from pipeline.store.failures import as_store_error, is_conflict, is_outage

T = TypeVar("T")

MAX_GROUP = 256
MAX_GROUP_BYTES = 11 * 2**20
"""Writes and bytes in one transaction: other processes wait for its end."""

PATIENCE_SECONDS = 0.005
"""So long a group waits for one more, if the last one held several: many senders are served at once, and
what several of them share is paid once."""

MAX_ATTEMPTS = 10
"""Of work that conflicts with another process."""

Ended = Callable[[Exception | None], None]
"""Told after every transaction whether it was committed (None), or why it was not."""

Apply = Callable[[Connection, Sequence[Any]], Sequence[Any]]
"""Applies several items of one kind; one result each."""


@dataclass(slots=True)
class Write:
    """One piece of work. Neighbours of one `kind` are applied by one call.

    `make` gives the item; what it raises ends this piece of work alone.
    """

    kind: object
    apply: Apply
    item: Any = None
    make: Callable[[], Any] | None = None
    n_bytes: int = 0
    future: "Future[Any]" = field(default_factory=Future)


class Writer:
    """Owns the writing connection; stops with `close`."""

    def __init__(self, engine: Engine, ended: Ended) -> None:
        self._engine = engine
        self._ended = ended
        self._queue: SimpleQueue[Write | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._patience = 0.0
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, write: Write) -> "Future[Any]":
        """Queue it; the future ends after the commit."""
        with self._lock:
            if self._closed:
                write.future.set_exception(StoreUnavailable("the store is closed"))
            else:
                self._queue.put(write)
        return write.future

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do it in a transaction and wait for the commit."""

        def apply(connection: Connection, _items: Sequence[Any]) -> Sequence[T]:
            return [work(connection)]

        return self.submit(Write(kind=object(), apply=apply)).result()

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        running = True
        while running:
            group, running = self._next_group()
            self._patience = PATIENCE_SECONDS if len(group) > 1 else 0.0
            if group:
                self._commit(group)
            del group  # else it is held until there is a next one

    def _next_group(self) -> tuple[list[Write], bool]:
        group: list[Write] = []
        n_bytes, patience = 0, self._patience
        while len(group) < MAX_GROUP and n_bytes < MAX_GROUP_BYTES:
            try:
                write = self._queue.get(timeout=patience if group else None)
            except Empty:
                break
            if write is None:
                return group, False
            if write.future.set_running_or_notify_cancel() and _made(write):
                group.append(write)
                n_bytes += write.n_bytes
            del write  # also one that is refused: the next may come much later
        return group, True

    def _commit(self, group: Sequence[Write]) -> None:
        try:
            results = self._insist(group)
        except Exception as error:
            if len(group) == 1 or is_outage(error):
                for write in group:
                    write.future.set_exception(as_store_error(error))
                return
            for write in group:
                self._commit([write])
            return
        for write, result in zip(group, results, strict=True):
            write.future.set_result(result)

    @retry(
        retry=retry_if_exception(is_conflict),
        stop=stop_after_attempt(MAX_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.01, max=0.5),
        reraise=True,
    )
    def _insist(self, group: Sequence[Write]) -> list[Any]:
        return self._transact(group)

    def _transact(self, group: Sequence[Write]) -> list[Any]:
        results: list[Any] = []
        try:
            with self._engine.begin() as connection:
                for run in runs_of_a_kind(group):
                    results.extend(run[0].apply(connection, [write.item for write in run]))
        except Exception as error:
            self._ended(error)
            raise
        self._ended(None)
        return results


def _made(write: Write) -> bool:
    """Whether there is an item to apply."""
    if write.make is None:
        return True
    future = write.future
    try:
        write.item = write.make()
    except Exception as error:
        future.set_exception(error)
        return False
    finally:
        del future, write  # the error knows this frame: together they would keep the item for long
    return True


def runs_of_a_kind(group: Sequence[Write]) -> list[list[Write]]:
    """The group in its order, split where the kind changes."""
    runs: list[list[Write]] = []
    for write in group:
        if runs and runs[-1][0].kind == write.kind:
            runs[-1].append(write)
        else:
            runs.append([write])
    return runs
