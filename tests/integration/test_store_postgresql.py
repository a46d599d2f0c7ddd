"""Several processes on one PostgreSQL; a database that goes away and comes back."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from pipeline.errors import StoreUnavailable
from pipeline.model.session import SessionKey
from pipeline.model.signal import Signal
from pipeline.model.span_keys import SpanKeys
from pipeline.model.trace_chunk import TraceChunk
from pipeline.store import Store
from pipeline.store.chunk_keys import span_keys, unpack_keys
from pipeline.store.findings import finish_investigation
from pipeline.store.homes import resolve
from pipeline.store.signals import commit_signals
from tests.databases import Databases, working_on
from tests.postgres import PostgresServer, new_database, own_server
from tests.store.storekit import TRACE, cluster, finding, finish, gate, record, row, send
from tests.store.storekit import signal as thumb

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
N_TRACES = 1000

RECEIVER = """
import random, sys
from pipeline.store import Store
from tests.integration.test_store_postgresql import halves
from tests.store.storekit import send
url, half = sys.argv[1], int(sys.argv[2])
spans = halves()[half]
random.Random(half).shuffle(spans)
store = Store.open(url)
print("open", flush=True)
sys.stdin.readline()
waiting = [spans[at : at + 64] for at in range(0, len(spans), 64)]
print(sum(send(store, *batch).n_new for batch in waiting), flush=True)
store.close()
"""


@pytest.fixture
def databases() -> Generator[Databases]:
    with working_on("postgresql") as made:
        yield made


def halves() -> tuple[list[TraceChunk], list[TraceChunk]]:
    """Roots of 1,000 traces, and their children; a session has several traces, some have no name."""
    luck = random.Random(7)
    roots: list[TraceChunk] = []
    children: list[TraceChunk] = []
    for number in range(N_TRACES):
        trace = f"{number + 1:032x}"
        name = luck.choice([None, f"s{number % 97}"])
        roots.append(record(1, trace=trace, session=name, project=luck.choice([None, None, "q"])))
        other = luck.choice([None, None, None, f"o{number % 13}"])
        children.append(record(2, trace=trace, parent=1, session=other))
        children.append(record(3, trace=trace, parent=2))
        children.append(record(4, trace=trace, parent=luck.choice([1, 9]), session=None))
    return roots, children


def keys_of(span: TraceChunk) -> SpanKeys:
    """What decides about its home."""
    (keys,) = span_keys(span.trace_id, unpack_keys(span.keys))
    return keys


def homes_of(spans: list[TraceChunk]) -> dict[tuple[str, str], tuple[str, str]]:
    """(trace id, span id) -> (project, session) as the pure resolver says."""
    by_trace: dict[str, list[TraceChunk]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    return {
        (trace, span_id): (home.project, home.session_id)
        for trace, members in by_trace.items()
        for span_id, home in resolve([keys_of(member) for member in members]).items()
    }


def stored_homes(store: Store) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """The same of what is stored, a span an entry."""
    return [
        ((fact["trace_id"], fact["span_id"]), (fact["project"], fact["session_id"]))
        for fact in store.canonical(None)
        if fact["type"] == "span"
    ]


def finished(process: "subprocess.Popen[str]") -> str:
    """Let it go on; what it printed."""
    return process.communicate("\n", timeout=100)[0]


def test_two_receivers_commit_roots_and_children_at_once(
    databases: Databases, tmp_path: Path
) -> None:
    url = databases.new(tmp_path)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RECEIVER, url, str(half)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for half in (0, 1)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
    outputs = list(ThreadPoolExecutor(2).map(finished, processes))
    assert [int(output) for output in outputs] == [N_TRACES, 3 * N_TRACES]
    roots, children = halves()
    with Store.open(url) as store:
        stored = stored_homes(store)
        assert len(stored) == len(roots) + len(children)
        assert dict(stored) == homes_of([*roots, *children])
        for session in store.list_sessions("")[0]:
            own = (session.project, session.session_id)
            assert session.n_spans == sum(home == own for _, home in stored)
            key = SessionKey.of(*own)
            assert len(store.load_spans(key).spans) == session.n_spans


@contextmanager
def under_way(store: Store, work: Callable[[Connection], Any]) -> Generator[None]:
    """The work is done within the block, and committed at its end."""
    done, end = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        work(connection)
        done.set()
        assert end.wait(20)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(store._write, hold)  # pyright: ignore[reportPrivateUsage]
        assert done.wait(20)
        try:
            yield
        finally:
            end.set()
            held.result(timeout=20)


@pytest.mark.parametrize("waiting", [thumb("i", session="s"), thumb("i", trace=TRACE)])
def test_spans_and_a_signal_that_are_under_way_at_once_find_each_other(
    databases: Databases, tmp_path: Path, waiting: Signal
) -> None:
    url = databases.new(tmp_path)
    with Store.open(url) as one, Store.open(url) as other, ThreadPoolExecutor(1) as pool:
        with under_way(one, lambda c: commit_signals(c, [waiting], 0)):
            sent = pool.submit(send, other, record(1, session="s"))
            with pytest.raises(TimeoutError):
                sent.result(timeout=0.5)
        assert sent.result(timeout=20).n_new == 1
        assert len(one.load_signals(SessionKey.of("p", "s"))) == 1


def test_sources_of_a_finding_that_come_at_once_are_both_listed(
    databases: Databases, tmp_path: Path
) -> None:
    url = databases.new(tmp_path)
    with Store.open(url) as one, Store.open(url) as other, ThreadPoolExecutor(1) as pool:
        send(one, record(1, session="s"))
        finish(one, row("s", "a"))
        both_open = [cluster("c1", "s"), cluster("c2", "s")]
        one.replace_clusters("p", "a", 1, "1", both_open, gate("c1", "c2"))
        first = partial(finish_investigation, finding=finding("f"), reason="named", now=0)
        with under_way(one, lambda c: first(c, ("p", "c1", 1))):
            second = pool.submit(other.finish_investigation, "p", "c2", 1, finding("f"), "named")
            with pytest.raises(TimeoutError):
                second.result(timeout=0.5)
        assert second.result(timeout=20)
        (found,) = one.list_findings("p")[0]
        assert found.source_cluster_ids == ("c1", "c2")


def both(*works: Callable[[], None]) -> None:
    """At the same time, until all have ended."""
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result(timeout=100)


def test_workers_that_aggregate_and_investigate_at_once_lose_nothing(
    databases: Databases, tmp_path: Path
) -> None:
    url = databases.new(tmp_path)
    agents = ("a", "b", "c", "d")
    with Store.open(url) as one, Store.open(url) as other:
        for number, agent in enumerate(agents):
            send(one, record(1, trace=f"{number + 1:032x}", session=agent))
            finish(one, row(agent, *agents))

        def work_on(store: Store, mine: tuple[str, ...]) -> Callable[[], None]:
            def work() -> None:
                for _ in range(10):
                    for agent in mine:
                        fresh = [cluster(f"of {agent}", agent, agent=agent)]
                        epoch = 10
                        store.replace_clusters(
                            "p", agent, epoch, "1", fresh, gate(*(f"of {a}" for a in agents))
                        )
                        finish(store, row(agent, *agents))
                for agent in mine:
                    store.finish_investigation("p", f"of {agent}", 1, finding("f"), "named")

            return work

        both(work_on(one, agents[:2]), work_on(other, agents[2:]))
        assert {c.id for c in one.list_clusters("p")[0]} == {f"of {agent}" for agent in agents}
        (found,) = one.list_findings("p")[0]
        assert set(found.source_cluster_ids) == {f"of {agent}" for agent in agents}


@pytest.fixture(scope="module")
def server() -> Generator[PostgresServer]:
    with own_server() as started:
        yield started


def test_a_database_that_comes_back_is_found(server: PostgresServer) -> None:
    with Store.open(new_database(server.url)) as store:
        key = SessionKey.of("p", "s")
        assert send(store, record(1, session="s")).n_new == 1
        server.stop()
        for attempt in (
            lambda: send(store, record(2, session="s")),
            lambda: store.load_spans(key),
            store.ping,
        ):
            with pytest.raises(StoreUnavailable) as caught:
                attempt()
            assert caught.value.__cause__ is None
        server.start()
        store.ping()
        assert send(store, record(2, session="s")).n_new == 1
        assert len(store.load_spans(key).spans) == 2


def test_what_was_acknowledged_survives_a_killed_database(server: PostgresServer) -> None:
    acked: list[int] = []
    with Store.open(new_database(server.url)) as store:
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                try:
                    send(store, record(number, trace=f"{number + 1:032x}", session="s"))
                except StoreUnavailable:
                    time.sleep(0.05)
                else:
                    acked.append(number)
                    number += 1

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(2):
                wait_for_more(acked)
                server.kill()
                server.start()
            wait_for_more(acked)
        finally:
            stop.set()
            thread.join()
        snapshot = store.load_spans(SessionKey.of("p", "s"))
        assert sorted(int(span.span_id, 16) for span in snapshot.spans) == acked
        assert snapshot.n_spans == len(acked)


def wait_for_more(acked: list[int]) -> None:
    """Until twenty more are acknowledged."""
    enough, deadline = len(acked) + 20, time.monotonic() + 30
    while len(acked) < enough:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nul_harms_nothing(databases: Databases, tmp_path: Path) -> None:
    with Store.open(databases.new(tmp_path)) as store:
        assert send(store, record(1, session="a\0b"), record(2, parent=1)).n_new == 2
        assert store.commit_signals([thumb("i\0", session="a\0b")]).n_new == 1
        key = SessionKey.of("p", "a\0b")
        assert len(store.load_spans(key).spans) == 2
        assert len(store.load_signals(key)) == 1
