"""A store that grows, beside one that stays young: the cost of ingest and of reading at 1, 5 and 20 GB.

In: sizes in GB as `KELET_BENCH_SIZES` (`1,5,20`), a folder with room as `KELET_BENCH_DIR`. Out: a table on
stdout, with a straight line through the measured ratios extended to 100 GB.

Both stores are filled to the first size; then the old one grows to the others, and the young one only by what
is measured in it. At each size rounds in the one and in the other take turns, so that their ratio holds when
the machine's speed drifts: two rates that were measured minutes apart tell of the machine. At the first size
both are alike: how far their ratio is from 1 there shows how far off the others may be.

A store works in the background only while it commits, checkpoints included, so that a round holds the work of
one store alone. Python's memory is kept as the receiver keeps it: else a full collection, which costs as much
as two rounds, falls into whichever round it likes. Requests go straight into decoder and store: this is about
the disk, not about gRPC.
"""

import gc
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.spans import SPANS_A_REQUEST, SPANS_A_SESSION, requests
from exporter.allocator import keep_freed_memory
from exporter.decode import decode
from pipeline.model.session import SessionKey
from pipeline.store import Store

GB = 10**9
A_ROUND = 8
"""Requests at once: one commit."""
N_ROUNDS = 65
"""Of each store at each size: 520 requests. A request has 64 names, whose keys are moved in bulk as soon as there
are more than 32,768 of them, so with every 65th commit: any 65 rounds hold one move, which is dearer than the rest,
the more so the larger the store. More rounds are to be a multiple of these."""
N_READ = 30
FAR_GB = 100.0
PROJECT = "growth"


@dataclass
class Filled:
    """A store and what is in it."""

    store: Store
    source: Iterator[bytes]
    n_bytes: int = 0
    n_requests: int = 0


class Point(NamedTuple):
    """What was measured at one size; of pairs, the old store comes first."""

    gb: tuple[float, float]
    """Halfway through the rounds, which add to both."""
    cpu_seconds: list[tuple[float, float]]
    """Of this process, decoding included; one pair for two rounds side by side."""
    read_ms: tuple[float, float]


def bodies(seed: int) -> Iterator[bytes]:
    """Requests without end that differ in every id: one request whose ids are written over."""
    template = next(requests(1, seed=0))
    traces = sorted({bytes(k.trace_id) for k in _spans(template)})
    spans = sorted({bytes(k.span_id) for k in _spans(template)})
    places = [(id_, _places(template, id_)) for id_ in (*traces, *spans)]
    luck = random.Random(seed)
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
    points: list[Point] = []
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("KELET_BENCH_DIR")) as folder,
        ExitStack() as stack,
        _memory_as_received(),
        # Drawn between rounds only: a thread that draws would run within them.
        Progress(console=Console(stderr=True), auto_refresh=False) as progress,
    ):
        old, young = (
            Filled(stack.enter_context(Store.open(str(Path(folder) / f"{name}.db"))), bodies(seed))
            for name, seed in (("old", 7), ("young", 8))
        )
        stored = progress.add_task("GB stored", total=sizes[0] + sizes[-1])
        measured = progress.add_task("rounds measured", total=len(sizes) * N_ROUNDS)

        def show(n_measured: int = 0) -> None:
            progress.update(stored, completed=(old.n_bytes + young.n_bytes) / GB)
            progress.update(measured, advance=n_measured, refresh=True)

        _fill(young, sizes[0], show)
        for size in sizes:
            _fill(old, size, show)
            points.append(_measure(old, young, show))
    _print(points, sizes[0])


@contextmanager
def _memory_as_received() -> Generator[None, None, None]:
    """As `kelet-sidecar receive` has it (`exporter/cli/run.py`)."""
    keep_freed_memory()
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _fill(one: Filled, size: float, show: Callable[[], None]) -> None:
    while one.n_bytes < size * GB:
        _round(one)
        show()


def _measure(old: Filled, young: Filled, show: Callable[[int], None]) -> Point:
    """Rounds side by side, each store first by turns; one of each before, as the young one has lain idle."""
    for one in (young, old):
        _round(one)
    before = old.n_bytes, young.n_bytes
    cpu_seconds: list[tuple[float, float]] = []
    for number in range(N_ROUNDS):
        if number % 2:
            of_old, of_young = _round(old), _round(young)
        else:
            of_young, of_old = _round(young), _round(old)
        cpu_seconds.append((of_old, of_young))
        show(1)
    gb = (before[0] + old.n_bytes) / 2 / GB, (before[1] + young.n_bytes) / 2 / GB
    return Point(gb, cpu_seconds, _read_both(old, young))


def _round(one: Filled) -> float:
    """Store some more; CPU-seconds."""
    batch = list(islice(one.source, A_ROUND))
    started = time.process_time()
    chunks = [decode(body, project=PROJECT).chunks for body in batch]
    for future in [one.store.submit_spans(c) for c in chunks]:
        future.result()
    taken = time.process_time() - started
    one.n_bytes += sum(len(body) for body in batch)
    one.n_requests += len(batch)
    return taken


def _read_both(old: Filled, young: Filled) -> tuple[float, float]:
    """Milliseconds to read one session, the medians of sessions from all over each store, read by turns."""
    luck = random.Random(old.n_requests)
    taken = [(_read(old, luck), _read(young, luck)) for _ in range(N_READ)]
    of_old, of_young = zip(*taken, strict=True)
    return statistics.median(of_old), statistics.median(of_young)


def _read(one: Filled, luck: random.Random) -> float:
    index = luck.randrange(one.n_requests)
    first = luck.randrange(0, SPANS_A_REQUEST, SPANS_A_SESSION)
    key = SessionKey.of(PROJECT, f"bench-0-{index:06d}-{first}")
    started = time.perf_counter()
    n_spans = len(one.store.load_spans(key).spans)
    taken = (time.perf_counter() - started) * 1e3
    assert n_spans == SPANS_A_SESSION, (key, n_spans)
    return taken


def _print(points: list[Point], first_gb: float) -> None:
    table = Table(title="a store that grows, beside a young one (SQLite and segments): old, young")
    for column in (
        "GB stored",
        "spans per CPU-second",
        "old / young",
        "quartiles of rounds",
        "ms to read a session",
    ):
        table.add_column(column, justify="right")
    for point in points:
        (old_gb, young_gb), (old_read, young_read) = point.gb, point.read_ms
        (old_rate, young_rate), (low, high) = _rates(point), _quartiles(point)
        table.add_row(
            f"{old_gb:.1f}, {young_gb:.1f}",
            f"{old_rate:,.0f}, {young_rate:,.0f}",
            f"{old_rate / young_rate:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{old_read:.2f}, {young_read:.2f}",
        )
    if points[-1].gb[0] > points[-1].gb[1]:
        ratio, read = _far_ratio(points, first_gb), _far_read(points)
        size = f"{FAR_GB:.0f}, {first_gb:g} (line)"
        table.add_row(size, "", f"{ratio:.3f}", "", f"{read:.2f}")
    Console(width=100).print(table)


def _rates(point: Point) -> list[float]:
    """Spans per CPU-second, from the sums: the quartiles know nothing of the few rounds that are dear."""
    n_spans = len(point.cpu_seconds) * A_ROUND * SPANS_A_REQUEST
    return [n_spans / sum(seconds) for seconds in zip(*point.cpu_seconds, strict=True)]


def _ratio(point: Point) -> float:
    of_old, of_young = _rates(point)
    return of_old / of_young


def _quartiles(point: Point) -> tuple[float, float]:
    """Of the ratio of rates, pair by pair."""
    pairs = [of_young / of_old for of_old, of_young in point.cpu_seconds]
    low, _, high = statistics.quantiles(pairs, n=4)
    return low, high


def _far_ratio(points: list[Point], first_gb: float) -> float:
    """By the line nearest to the ratios, of those that are 1 where the old store is as small as the young one.

    The young one is larger than the first size by what was measured in it: its own size counts.
    """
    apart = np.log([point.gb[0] / point.gb[1] for point in points])
    slope = float(apart @ (np.array([_ratio(point) for point in points]) - 1) / (apart @ apart))
    return 1 + slope * float(np.log(FAR_GB / first_gb))


def _far_read(points: list[Point]) -> float:
    """By the straight line through what the old store took."""
    sizes, reads = np.log([p.gb[0] for p in points]), np.array([p.read_ms[0] for p in points])
    return float(np.polyval(np.polyfit(sizes, reads, 1), np.log(FAR_GB)))


if __name__ == "__main__":
    main()
