"""A session of 50,000 spans: it is stored and read in bounded memory, and others are read as before."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MAX_MIB = 400

LARGE = """
import gc, re, sys, time
from exporter.decode import decode
from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.unit.otlp import request, span

N, AT_ONCE, TRACES = 50_000, 500, 5
text = "What did the customer say? " * 20

def batch(first):
    spans = (
        span(n + 1, trace=f"{n % TRACES + 1:032x}", session__id="large", start=N - n, text=text)
        for n in range(first, first + AT_ONCE)
    )
    return decode(request(*spans).SerializeToString(), project="p").chunks

def seconds(key, limit):
    # Time on a processor, without others' turns and without collecting what the large one left.
    gc.collect()
    begun = time.process_time()
    snapshot = store.load_spans(SessionKey.of("p", key), max_spans=limit)
    return time.process_time() - begun, snapshot

with Store.open(sys.argv[1]) as store:
    small = request(*(span(n, trace="f" * 32, session__id="small") for n in range(1, 101)))
    store.submit_spans(decode(small.SerializeToString(), project="p").chunks).result()
    before = min(seconds("small", None)[0] for _ in range(5))
    for first in range(0, N, AT_ONCE):
        assert store.submit_spans(batch(first)).result().n_new == AT_ONCE
    assert store.submit_spans(batch(0)).result().n_duplicate == AT_ONCE
    limited = seconds("large", 10_000)[1]
    assert (limited.n_spans, len(limited.spans)) == (N, 10_000)
    assert [s.start for s in limited.spans[:3]] == [1, 2, 3], "the first ones by start"
    del limited
    # Not ru_maxrss: a child inherits what its parent had.
    status = open("/proc/self/status").read()
    peak = int(re.search("VmHWM:\\s+(\\d+)", status)[1]) // 1024
    whole = seconds("large", None)[1]
    assert len({s.span_id for s in whole.spans}) == N
    del whole
    after = min(seconds("small", None)[0] for _ in range(5))
print(peak, after / before)
"""


def test_a_session_of_50_000_spans(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LARGE, str(tmp_path / "store.db")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=110)
    assert done.returncode == 0, done.stderr
    peak_mib, slower = done.stdout.split()
    assert int(peak_mib) < MAX_MIB, "taking them in and reading as many as an analysis may"
    assert float(slower) < 5, "a session is read in time proportional to it alone"
