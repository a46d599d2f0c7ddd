"""A store that grows: the rate of ingest and the time to read one session at 1, 5 and 20 GB.

In: sizes in GB as `KELET_BENCH_SIZES` (`1,5,20`), a folder with room as `KELET_BENCH_DIR`. Out: a table on
stdout, with a straight line through the measured points extended to 100 GB.

Requests go straight into decoder and store: this is about the disk, not about gRPC.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.spans import SPANS_A_REQUEST, requests
from exporter.decode import decode
from pipeline.model.session import SessionKey
from pipeline.store import Store

GB = 10**9
N_MEASURED = 256
"""Of 64 names each: keys of names are moved twice meanwhile, which a shorter look may miss."""
N_READ = 30
IN_FLIGHT = 8
FAR_GB = 100.0
PROJECT = "growth"


def bodies() -> Iterator[bytes]:
    """Requests without end that differ in every id: one request whose ids are written over."""
    template = next(requests(1, seed=0))
    traces = sorted({bytes(k.trace_id) for k in _spans(template)})
    spans = sorted({bytes(k.span_id) for k in _spans(template)})
    places = [(id_, _places(template, id_)) for id_ in (*traces, *spans)]
    luck = random.Random(7)
    session = _places(template, b"bench-0-000000")
    for index in range(1_000_000):
        body = bytearray(template)
        for id_, at in places:
            fresh = luck.randbytes(len(id_))
            for start in at:
                body[start : start + len(id_)] = fresh
        for start in session:
            body[start : start + 14] = b"bench-0-%06d" % index
        yield bytes(body)


def _spans(body: bytes) -> "Iterator[Span]":
    parsed = ExportTraceServiceRequest.FromString(body)
    yield from parsed.resource_spans[0].scope_spans[0].spans


def _places(body: bytes, piece: bytes) -> list[int]:
    found: list[int] = []
    at = body.find(piece)
    while at >= 0:
        found.append(at)
        at = body.find(piece, at + 1)
    return found


def main() -> None:
    """Fill, measure at each size, print."""
    sizes = [float(size) for size in os.environ.get("KELET_BENCH_SIZES", "1,5,20").split(",")]
    points: list[tuple[float, float, float]] = []
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("KELET_BENCH_DIR")) as folder,
        Store.open(str(Path(folder) / "kelet.db")) as store,
        Progress(console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task("GB stored", total=sizes[-1])
        source, n_bytes, n_requests = bodies(), 0, 0
        for size in sizes:
            while n_bytes < size * GB:
                batch = list(islice(source, IN_FLIGHT))
                _store(store, batch)
                n_bytes += sum(len(body) for body in batch)
                n_requests += len(batch)
                progress.update(task, completed=n_bytes / GB)
            measured = list(islice(source, N_MEASURED))
            points.append((n_bytes / GB, _rate(store, measured), _read(store, n_requests)))
            n_bytes += sum(len(body) for body in measured)
            n_requests += len(measured)
    _print(points)


def _store(store: Store, batch: list[bytes]) -> None:
    chunks = [decode(body, project=PROJECT).chunks for body in batch]
    for future in [store.submit_spans(c) for c in chunks]:
        future.result()


def _rate(store: Store, measured: list[bytes]) -> float:
    """Spans per CPU-second of this process, decoding included."""
    before = time.process_time()
    for first in range(0, len(measured), IN_FLIGHT):
        _store(store, measured[first : first + IN_FLIGHT])
    return len(measured) * SPANS_A_REQUEST / (time.process_time() - before)


def _read(store: Store, n_requests: int) -> float:
    """Milliseconds to read one session, the median of sessions from all over the store."""
    luck, taken = random.Random(n_requests), list[float]()
    for _ in range(N_READ):
        index, first = luck.randrange(n_requests), 16 * luck.randrange(32)
        key = SessionKey.of(PROJECT, f"bench-0-{index:06d}-{first}")
        started = time.perf_counter()
        n_spans = len(store.load_spans(key).spans)
        taken.append((time.perf_counter() - started) * 1e3)
        assert n_spans == 16, (key, n_spans)
    return statistics.median(taken)


def _print(points: list[tuple[float, float, float]]) -> None:
    table = Table(title="a store that grows (SQLite and segments)")
    for column in ("GB stored", "spans per CPU-second", "of the first", "ms to read a session"):
        table.add_column(column, justify="right")
    for size, rate, read in points:
        table.add_row(f"{size:.1f}", f"{rate:,.0f}", f"{rate / points[0][1]:.2f}", f"{read:.1f}")
    if len(points) > 1:
        sizes, rates, reads = (np.array(column) for column in zip(*points, strict=True))
        far_rate = float(np.polyval(np.polyfit(np.log(sizes), rates, 1), np.log(FAR_GB)))
        far_read = float(np.polyval(np.polyfit(np.log(sizes), reads, 1), np.log(FAR_GB)))
        share = far_rate / points[0][1]
        row = (f"{FAR_GB:.0f} (line)", f"{far_rate:,.0f}", f"{share:.2f}", f"{far_read:.1f}")
        table.add_row(*row)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
