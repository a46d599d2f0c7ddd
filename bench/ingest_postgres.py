"""The load of `bench.ingest` on PostgreSQL, with the CPU time of all its processes counted.

In: nothing. Out: a table on stdout. The server is the benchmark's own with its defaults, so every commit
is synced; redaction is off.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from bench.ingest import cpu_seconds, load
from bench.spans import SPANS_A_REQUEST, requests
from tests.postgres import new_database, own_server
from tests.sidecar_process import free_port


def cpu_of_all(*firsts: int) -> float:
    """User and system time of processes and their children, those that have ended included."""
    total = 0.0
    for first in firsts:
        process = psutil.Process(first)
        ended = process.cpu_times()
        total += cpu_seconds(first) + ended.children_user + ended.children_system
        for child in process.children(recursive=True):
            with suppress(OSError):  # a server's helpers come and go
                total += cpu_seconds(child.pid)
    return total


def main(n_pairs: int = 5, n_requests: int = 40) -> None:
    """Run the pairs and print the table."""
    with tempfile.TemporaryDirectory() as folder, own_server() as server:
        ours_port, bare_port = free_port(), free_port()
        receive = ["receive", f"--data-dir={folder}", f"--grpc-port={ours_port}"]
        receive += [f"--http-port={free_port()}", f"--temporal-address=127.0.0.1:{free_port()}"]
        env = os.environ | {"KELET_STORE_URL": new_database(server.url), "KELET_REDACT": "none"}
        with (
            (Path(folder) / "log").open("wb") as log,
            subprocess.Popen(
                [sys.executable, "-m", "exporter.cli.app", *receive],
                env=env,
                stdout=log,
                stderr=log,
            ) as ours,
            subprocess.Popen([sys.executable, "-m", "bench.parse_server", str(bare_port)]) as bare,
        ):
            try:
                for port in (ours_port, bare_port):
                    load(port, list(requests(2, seed=1)))
                _compare(
                    n_pairs, n_requests, (ours.pid, server.pid), ours_port, bare.pid, bare_port
                )
            finally:
                ours.kill()
                bare.kill()


def _compare(
    n_pairs: int, n_requests: int, ours: tuple[int, int], port: int, bare: int, bare_port: int
) -> None:
    rates: dict[str, list[float]] = {"sidecar": [], "PostgreSQL": [], "both": [], "bare": []}
    latencies: list[float] = []
    for pair in range(n_pairs):
        bodies = list(requests(n_requests, seed=100 + pair))
        before = [cpu_of_all(pid) for pid in (*ours, bare)]
        latencies += load(port, bodies)
        load(bare_port, bodies)
        used = [cpu_of_all(pid) - was for pid, was in zip((*ours, bare), before, strict=True)]
        n_spans = len(bodies) * SPANS_A_REQUEST
        for name, seconds in zip(rates, (*used[:2], used[0] + used[1], used[2]), strict=True):
            rates[name].append(n_spans / max(seconds, 1e-9))
    _print(rates, latencies)


def _print(rates: dict[str, list[float]], latencies: list[float]) -> None:
    table = Table(
        title="ingest on PostgreSQL: 512-span requests of 2.7 KB spans, 8 in flight, fsync on"
    )
    for column in ("processes", "spans per CPU-second (median)", "microseconds a span"):
        table.add_column(column)
    for name, values in rates.items():
        middle = statistics.median(values)
        table.add_row(name, f"{middle:,.0f}", f"{1e6 / middle:.1f}")
    console = Console()
    console.print(table)
    shares = sorted(a / b for a, b in zip(rates["both"], rates["bare"], strict=True))
    p99 = statistics.quantiles(latencies, n=100)[98]
    console.print(
        f"share of the bare parse limit: {statistics.median(shares):.2f}"
        f" (pairs {shares[0]:.2f} to {shares[-1]:.2f}), ack p50 {statistics.median(latencies) * 1e3:.0f}"
        f" ms, p99 {p99 * 1e3:.0f} ms"
    )


if __name__ == "__main__":
    main()
