"""Spans per server CPU-second, stored durably, beside a bare server that only parses (same run).

In: nothing. Out: a table on stdout. The two servers are loaded in turn, pair by pair, so that the
ratio holds when the machine's speed drifts. Only the server's own CPU time counts.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

import grpc
from rich.console import Console
from rich.table import Table

from bench.spans import SPANS_A_REQUEST, requests
from tests.sidecar_process import free_port

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
IN_FLIGHT = 8


def cpu_seconds(pid: int) -> float:
    """Time on a processor of a process with all its threads, ended ones too, to the nanosecond.

    Linux numbers the clock of a process by its id: clock_getcpuclockid(3). /proc counts in ticks of 10 ms.
    """
    return time.clock_gettime((~pid << 3) | 2)


def load(port: int, bodies: list[bytes]) -> list[float]:
    """Send all bodies with 8 in flight; seconds from send to ack of each."""
    latencies: list[float] = []
    pending: deque[tuple[float, Any]] = deque()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=60)
        call = channel.unary_unary(METHOD)

        def settle() -> None:
            started, future = pending.popleft()
            future.result(timeout=120)
            latencies.append(time.perf_counter() - started)

        for body in bodies:
            if len(pending) == IN_FLIGHT:
                settle()
            pending.append((time.perf_counter(), call.future(body)))
        while pending:
            settle()
    return latencies


def measure(pid: int, port: int, bodies: list[bytes]) -> tuple[float, list[float]]:
    """Spans per CPU-second of the server, and the latencies."""
    before = cpu_seconds(pid)
    latencies = load(port, bodies)
    used = cpu_seconds(pid) - before
    return len(bodies) * SPANS_A_REQUEST / max(used, 1e-9), latencies


def main(n_pairs: int = 5, n_requests: int = 60) -> None:
    """Run the pairs and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        ours_port, bare_port = free_port(), free_port()
        receive = ["receive", f"--data-dir={folder}", f"--grpc-port={ours_port}"]
        receive += [f"--http-port={free_port()}", f"--temporal-address=127.0.0.1:{free_port()}"]
        env = os.environ | {"KELET_REDACT": "none"}
        ours_command = [sys.executable, "-m", "exporter.cli.app", *receive]
        bare_command = [sys.executable, "-m", "bench.parse_server", str(bare_port)]
        with (
            (Path(folder) / "log").open("wb") as log,
            subprocess.Popen(ours_command, stdout=log, stderr=log, env=env) as ours,
            subprocess.Popen(bare_command) as bare,
        ):
            try:
                _run_pairs(n_pairs, n_requests, (ours.pid, ours_port), (bare.pid, bare_port))
            finally:
                ours.kill()
                bare.kill()


def _run_pairs(n_pairs: int, n_requests: int, ours: tuple[int, int], bare: tuple[int, int]) -> None:
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    latencies: list[float] = []
    load(ours[1], list(requests(2, seed=1)))
    load(bare[1], list(requests(2, seed=1)))
    for pair in range(n_pairs):
        bodies = list(requests(n_requests, seed=100 + pair))
        rate, seconds = measure(*ours, bodies)
        rates["ours"].append(rate)
        latencies += seconds
        rates["bare"].append(measure(*bare, bodies)[0])
    _print(rates, latencies)


def _print(rates: dict[str, list[float]], latencies: list[float]) -> None:
    table = Table(
        title="ingest: 512-span requests of 2.7 KB spans, 8 in flight, fsync on, redaction off"
    )
    for column in ("server", "spans per CPU-second (median)", "min", "max"):
        table.add_column(column)
    for name, values in rates.items():
        row = (statistics.median(values), min(values), max(values))
        table.add_row(name, *(f"{value:,.0f}" for value in row))
    console = Console()
    console.print(table)
    ratios = sorted(a / b for a, b in zip(rates["ours"], rates["bare"], strict=True))
    p99 = statistics.quantiles(latencies, n=100)[98]
    console.print(
        f"share of the bare parse limit: {statistics.median(ratios):.2f}"
        f" (pairs {ratios[0]:.2f} to {ratios[-1]:.2f})"
    )
    console.print(f"ack p50 {statistics.median(latencies) * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
