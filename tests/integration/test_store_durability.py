"""Acknowledged is stored, also through kill -9; several processes share one file."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.store import Store
from tests.store.storekit import record, send

pytestmark = pytest.mark.slow

N_BATCHES = 60
ROOT = Path(__file__).parents[2]

WRITER = """
import sys
from pipeline.store import Store
from tests.store.storekit import record, send
path, name, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = Store.open(path)
print("open", flush=True)
for batch in range(n):
    trace = f"{name}{batch:031x}"
    spans = [record(i, trace=trace, session=f"{name}{batch % 7}") for i in range(1, 6)]
    assert send(store, *spans).n_new in (0, 5)
    print(batch, flush=True)
store.close()
"""


def writer(path: Path, name: str, n_batches: int) -> subprocess.Popen[str]:
    """A process that stores batches and prints each one once it is acknowledged."""
    command = [sys.executable, "-c", WRITER, str(path), name, str(n_batches)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def traces(store: Store) -> set[str]:
    """The traces that are stored, each whole."""
    spans: dict[str, int] = {}
    for fact in store.canonical("p"):
        if fact["type"] == "span":
            spans[fact["trace_id"]] = spans.get(fact["trace_id"], 0) + 1
    assert set(spans.values()) <= {5}
    return set(spans)


@pytest.mark.parametrize("after", [1, 7, 23])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, after: int) -> None:
    path = tmp_path / "store.db"
    acked: set[str] = set()
    process = writer(path, "a", 100_000)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip().isdigit():
            acked.add(f"a{int(line):031x}")
        if len(acked) == after:
            os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Store.open(str(path)) as store:
        assert traces(store) >= acked
        assert len(acked) >= after
        assert send(store, record(1, trace="e" * 32, session="s")).n_new == 1


def test_processes_start_and_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    processes = [writer(path, name, N_BATCHES) for name in "abc"]
    outputs = [process.communicate(timeout=100)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert all(output[-1] == str(N_BATCHES - 1) for output in outputs)
    with Store.open(str(path)) as store:
        assert len(traces(store)) == 3 * N_BATCHES
        sessions, _ = store.list_sessions("p")
        assert sum(session.n_spans for session in sessions) == 15 * N_BATCHES
        assert sum(session.version for session in sessions) == 3 * N_BATCHES


def test_reads_see_one_moment_while_others_write(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "store.db")) as store:
        stop = threading.Event()

        def write() -> None:
            span = 0
            while not stop.is_set():
                span += 2
                send(store, record(span, session="s"), record(span + 1, session="s"))

        thread = threading.Thread(target=write)
        thread.start()
        try:
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                for session in store.list_sessions("p")[0]:
                    assert session.n_spans == 2 * session.version
                facts = [fact for fact in store.canonical("p") if fact["type"] == "span"]
                assert len(facts) % 2 == 0
        finally:
            stop.set()
            thread.join()
