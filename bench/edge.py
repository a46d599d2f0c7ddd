"""The edge beside its peers, in one run: who stores how many spans a CPU-second, over all processes.

In: nothing; Arize Phoenix is taken from the environment that `KELET_BENCH_PHOENIX` names (the folder of
a virtual environment), or installed into one under the cache. Out: a table on stdout.

The bare server parses and stores nothing: it is the limit. Rotel parses and throws away. Phoenix is
counted until its database holds the spans, not until it answers. The others answer after the commit.
"""

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import util
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.ingest import load
from bench.ingest_postgres import cpu_of_all
from bench.spans import SPANS_A_REQUEST, requests
from tests.postgres import new_database, own_server
from tests.sidecar_process import free_port

PHOENIX = "arize-phoenix"
STORE_PATIENCE = 300.0


class Peer(NamedTuple):
    """A running server: its name, port, processes, and what tells that everything is stored."""

    name: str
    port: int
    pids: tuple[int, ...]
    stored: Callable[[int], bool]


def main(n_rounds: int = 3, n_requests: int = 20) -> None:
    """Load every server in each round, one after the other, and print the table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peers = [stack.enter_context(start(folder)) for start in STARTERS]
        rates: dict[str, list[float]] = {peer.name: [] for peer in peers}
        latencies: dict[str, list[float]] = {peer.name: [] for peer in peers}
        for peer in peers:
            _run(peer, n_requests=1, seed=1, n_before=0)
        for turn in track(range(n_rounds), description="rounds", console=Console(stderr=True)):
            n_before = SPANS_A_REQUEST * (1 + turn * n_requests)
            for peer in peers:
                rate, seconds = _run(peer, n_requests, seed=100 + turn, n_before=n_before)
                rates[peer.name].append(rate)
                latencies[peer.name] += seconds
        _print(rates, latencies)


def _run(peer: Peer, n_requests: int, seed: int, n_before: int) -> tuple[float, list[float]]:
    """Spans per CPU-second until the last is stored, and the latencies of the answers."""
    bodies = list(requests(n_requests, seed=seed))
    before = cpu_of_all(*peer.pids)
    latencies = load(peer.port, bodies)
    n_spans = n_requests * SPANS_A_REQUEST
    deadline = time.monotonic() + STORE_PATIENCE
    while not peer.stored(n_before + n_spans):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{peer.name} has not stored what it acknowledged")
        time.sleep(0.2)
    return n_spans / max(cpu_of_all(*peer.pids) - before, 1e-9), latencies


def _at_once(_n_spans: int) -> bool:
    return True


@contextmanager
def _process(
    command: Sequence[str], log: Path, **settings: str
) -> "Generator[subprocess.Popen[bytes]]":
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=os.environ | settings, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def bare(folder: Path) -> Generator[Peer]:
    """Parses, stores nothing."""
    port = free_port()
    command = [sys.executable, "-m", "bench.parse_server", str(port)]
    with _process(command, folder / "bare.log") as process:
        yield Peer("bare parse", port, (process.pid,), _at_once)


def _sidecar_command(data_dir: Path, port: int) -> list[str]:
    ports = [f"--grpc-port={port}", f"--http-port={free_port()}"]
    nowhere = f"--temporal-address=127.0.0.1:{free_port()}"
    run = [sys.executable, "-m", "exporter.cli.app", "receive"]
    return [*run, f"--data-dir={data_dir}", *ports, nowhere]


@contextmanager
def sqlite(folder: Path) -> Generator[Peer]:
    """The sidecar on its own files."""
    port = free_port()
    command = _sidecar_command(folder / "sqlite", port)
    with _process(command, folder / "sqlite.log", KELET_REDACT="none") as process:
        yield Peer("kelet-sidecar, SQLite", port, (process.pid,), _at_once)


@contextmanager
def redacting(folder: Path) -> Generator[Peer]:
    """The same with secrets replaced, its default."""
    port = free_port()
    command = _sidecar_command(folder / "redacting", port)
    with _process(command, folder / "redacting.log", KELET_REDACT="secrets") as process:
        yield Peer("kelet-sidecar, SQLite, redacting", port, (process.pid,), _at_once)


@contextmanager
def postgresql(folder: Path) -> Generator[Peer]:
    """The sidecar on PostgreSQL, all of whose processes count."""
    port = free_port()
    with own_server() as server:
        settings = {"KELET_STORE_URL": new_database(server.url), "KELET_REDACT": "none"}
        command = _sidecar_command(folder / "postgresql", port)
        with _process(command, folder / "postgresql.log", **settings) as process:
            pids = (process.pid, server.pid)
            yield Peer("kelet-sidecar, PostgreSQL", port, pids, _at_once)


@contextmanager
def rotel(folder: Path) -> Generator[Peer]:
    """Parses and throws away, in Rust."""
    spec = util.find_spec("rotel")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package rotel is not installed: run `make install`")
    port = free_port()
    command = [
        str(Path(spec.origin).with_name("rotel-agent")),
        "start",
        f"--pid-file={folder}/rotel.pid",
        f"--otlp-grpc-endpoint=127.0.0.1:{port}",
        f"--otlp-http-endpoint=127.0.0.1:{free_port()}",
        "--exporter=blackhole",
    ]
    with _process(command, folder / "rotel.log") as process:
        yield Peer("Rotel to a black hole", port, (process.pid,), _at_once)


@contextmanager
def phoenix(folder: Path) -> Generator[Peer]:
    """Arize Phoenix on SQLite, counted until its table holds the spans."""
    port, data = free_port(), folder / "phoenix"
    data.mkdir()
    settings = {
        "PHOENIX_WORKING_DIR": str(data),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(free_port()),
        "PHOENIX_GRPC_PORT": str(port),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }

    def stored(n_spans: int) -> bool:
        place = f"file:{data}/phoenix.db?mode=ro"
        with sqlite3.connect(place, uri=True, timeout=30) as database:
            (n_stored,) = database.execute("SELECT count(*) FROM spans").fetchone()
        return n_stored >= n_spans

    command = [str(_phoenix_environment() / "bin" / "phoenix"), "serve"]
    with _process(command, folder / "phoenix.log", **settings) as process:
        yield Peer("Arize Phoenix, SQLite", port, (process.pid,), stored)


def _phoenix_environment() -> Path:
    """An environment with Phoenix; made once under the cache folder."""
    named = os.environ.get("KELET_BENCH_PHOENIX")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    place = Path(named) if named else cache / "kelet-sidecar" / "phoenix"
    if not (place / "bin" / "phoenix").exists():
        Console(stderr=True).print(f"installing {PHOENIX} into {place}: takes some minutes")
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(place / "bin" / "pip"), "install", "-q", PHOENIX], check=True)
    return place


STARTERS = (bare, sqlite, redacting, postgresql, rotel, phoenix)


def _print(rates: dict[str, list[float]], latencies: dict[str, list[float]]) -> None:
    title = "the edge and its peers: 512-span requests of 2.7 KB spans, 8 in flight"
    table = Table(title=title)
    for column in ("server", "spans per CPU-second", "of the bare parse", "ack p50", "ack p99"):
        table.add_column(column, justify="left" if column == "server" else "right")
    limit = rates["bare parse"]
    for name, values in rates.items():
        share = statistics.median(a / b for a, b in zip(values, limit, strict=True))
        p99 = statistics.quantiles(latencies[name], n=100)[98] * 1e3
        p50 = statistics.median(latencies[name]) * 1e3
        rate = statistics.median(values)
        table.add_row(name, f"{rate:,.0f}", f"{share:.2f}", f"{p50:.0f} ms", f"{p99:.0f} ms")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
