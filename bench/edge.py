"""The edge beside its peers, in one run: who stores how many spans a CPU-second, over all processes.

In: nothing; Arize Phoenix is taken from the environment that `KELET_BENCH_PHOENIX` names (the folder of
a virtual environment), or installed into one under the cache. Out: a table on stdout.

The bare server parses and stores nothing: it is the limit. Rotel parses and throws away. Phoenix is
counted until its database holds the spans, not until it answers. The others answer after the commit.

Phoenix takes a minute to start and stores some hundred spans a second, so it gets fewer requests. A
peer that cannot be started or does not end in time has a row that says so; the others still count.
"""

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import util
from pathlib import Path
from typing import NamedTuple

import grpc
from rich.console import Console
from rich.table import Table

from bench.ingest import load
from bench.ingest_postgres import cpu_of_all
from bench.spans import SPANS_A_REQUEST, requests
from tests.postgres import new_database, own_server
from tests.sidecar_process import free_port

PHOENIX = "arize-phoenix"
LIMIT = "bare parse"
START_PATIENCE = 240.0
STORE_PATIENCE = 180.0
SLOW_REQUESTS = 2
SLOW_ROUNDS = 3


class Peer(NamedTuple):
    """A running server: its name, port, processes, and what tells that everything is stored."""

    name: str
    port: int
    pids: tuple[int, ...]
    stored: Callable[[int], bool]
    is_slow: bool = False


Starter = Callable[[Path], AbstractContextManager[Peer]]


@dataclass
class Result:
    """What one peer did: spans per CPU-second by round, latencies, or why it did not end."""

    rates: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    latencies: list[float] = field(default_factory=list[float])
    n_sent: int = 0
    failure: str = ""

    def means(self) -> dict[int, float]:
        """The rate of each round."""
        return {turn: statistics.fmean(rates) for turn, rates in self.rates.items()}


def main(n_rounds: int = 24, n_requests: int = 40) -> None:
    """Load every server in each round with the same requests, one after the other, and print the table.

    Rounds are short and the limit is measured at both ends of each, as the machine's speed drifts within seconds
    and a shared one slows down who keeps it busy for long. Every second round goes backwards: what the one before
    leaves to the machine is not always the same. Slow peers are in every third round only.
    """
    results: dict[str, Result] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peers = [peer for start in STARTERS if (peer := _start(start, stack, folder, results))]
        for peer in peers:
            _say(f"waiting for {peer.name}")
            _try(results[peer.name], partial(_warm, peer))
        for turn in range(n_rounds):
            bodies = list(requests(n_requests, seed=100 + turn))
            for peer in _in_turn(peers, turn):
                _say(f"round {turn + 1} of {n_rounds}: {peer.name}")
                some = bodies[:SLOW_REQUESTS] if peer.is_slow else bodies
                _try(results[peer.name], partial(_run, peer, some, turn))
    _print(results)


def _in_turn(peers: Sequence[Peer], turn: int) -> list[Peer]:
    """Who is loaded in a round, the limit first and last."""
    limit = [peer for peer in peers if peer.name == LIMIT]
    others = [
        peer for peer in peers if peer.name != LIMIT and not (peer.is_slow and turn % SLOW_ROUNDS)
    ]
    return [*limit, *(others if turn % 2 else others[::-1]), *limit]


def _start(
    start: Starter, stack: ExitStack, folder: Path, results: dict[str, Result]
) -> Peer | None:
    """The peer, with a result to fill; one that cannot be had here (no package index) only has that."""
    try:
        peer = stack.enter_context(start(folder))
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        results[start.__name__] = Result(failure=str(error))
        return None
    results[peer.name] = Result()
    return peer


def _say(line: str) -> None:
    Console(stderr=True).print(f"edge: {line}")


def _try(result: Result, run: Callable[[Result], None]) -> None:
    """Once more, unless it has failed before."""
    if result.failure:
        return
    try:
        run(result)
    except (TimeoutError, FutureTimeoutError, grpc.RpcError, sqlite3.Error) as error:
        result.failure = str(error) or type(error).__name__
        _say(f"no figure: {result.failure}")


def _warm(peer: Peer, result: Result) -> None:
    """Ready, and one request that does not count."""
    with grpc.insecure_channel(f"127.0.0.1:{peer.port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=START_PATIENCE)
    _run(peer, list(requests(1, seed=1)), 0, result)
    result.rates.clear()
    result.latencies.clear()


def _run(peer: Peer, bodies: list[bytes], turn: int, result: Result) -> None:
    """Add spans per CPU-second until the last is stored, and the latencies of the answers."""
    before = cpu_of_all(*peer.pids)
    result.latencies += load(peer.port, bodies)
    n_spans = len(bodies) * SPANS_A_REQUEST
    result.n_sent += n_spans
    deadline = time.monotonic() + STORE_PATIENCE
    while not peer.stored(result.n_sent):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{peer.name} did not store what it acknowledged in time")
        time.sleep(0.2)
    rate = n_spans / max(cpu_of_all(*peer.pids) - before, 1e-9)
    result.rates.setdefault(turn, []).append(rate)


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
        yield Peer(LIMIT, port, (process.pid,), _at_once)


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
        yield Peer("Arize Phoenix, SQLite", port, (process.pid,), stored, is_slow=True)


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


def _print(results: dict[str, Result]) -> None:
    title = "the edge and its peers: 512-span requests of 2.7 KB spans, 8 in flight"
    table = Table(title=title)
    for column in ("server", "spans per CPU-second", "of the bare parse", "ack p50", "ack p99"):
        table.add_column(column, justify="left" if column == "server" else "right")
    limit = results.get(LIMIT, Result()).means()
    for name, result in results.items():
        if result.failure or not result.rates:
            table.add_row(name, f"no figure: {result.failure}", "", "", "")
            continue
        rates = result.means()
        shares = [rate / limit[turn] for turn, rate in rates.items() if turn in limit]
        share = f"{statistics.median(shares):.3f}" if shares else "no limit"
        p99 = statistics.quantiles(result.latencies, n=100)[98] * 1e3
        p50 = statistics.median(result.latencies) * 1e3
        rate = statistics.median(rates.values())
        table.add_row(name, f"{rate:,.0f}", share, f"{p50:.0f} ms", f"{p99:.0f} ms")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
