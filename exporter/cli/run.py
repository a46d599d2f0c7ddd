"""`dev`, `receive` and `work`: the sidecar as a whole and its two halves apart.

In: options, environment, file. Out: running processes until Ctrl-C. Next: `exporter.server` and
`pipeline.worker`; `dev` runs each of them, and Temporal, as a child of `exporter.cli.supervisor`.
"""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from exporter.cli import loading
from exporter.cli.data_dir import make_folder
from exporter.logging_setup import quiet_loop, set_up_logging
from pipeline.config import Config
from pipeline.errors import SidecarError

File = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings.", show_default=False)
]
DataDirectory = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of all state (default: .kelet).", show_default=False),
]
GrpcPort = Annotated[
    int | None, typer.Option("--grpc-port", help="OTLP and status (4317).", show_default=False)
]
HttpPort = Annotated[
    int | None, typer.Option("--http-port", help="HTTP API (4318).", show_default=False)
]
TemporalPort = Annotated[
    int | None,
    typer.Option("--temporal-port", help="Embedded Temporal (7233).", show_default=False),
]
TemporalAddress = Annotated[
    str | None,
    typer.Option("--temporal-address", help="HOST:PORT of a Temporal service.", show_default=False),
]
TemporalNamespace = Annotated[
    str | None, typer.Option("--temporal-namespace", help="Its namespace.", show_default=False)
]
Debounce = Annotated[
    str | None,
    typer.Option(
        "--debounce", help="Silence before a session is analysed (5m).", show_default=False
    ),
]
MinSessions = Annotated[
    int | None,
    typer.Option(
        "--min-sessions", help="Failing sessions a cluster needs (5).", show_default=False
    ),
]


def register(app: typer.Typer) -> None:
    """Add the three commands."""
    app.command()(dev)
    app.command()(receive)
    app.command()(work)


def dev(
    data_dir: DataDirectory = None,
    grpc_port: GrpcPort = None,
    http_port: HttpPort = None,
    temporal_port: TemporalPort = None,
    temporal_address: TemporalAddress = None,
    debounce: Debounce = None,
    min_sessions: MinSessions = None,
    config: File = None,
) -> None:
    """Run everything: receiver, worker and, unless an address is given, an embedded Temporal."""
    from exporter.cli.dev import run_dev

    given = {
        "data_dir": data_dir,
        "grpc_port": grpc_port,
        "http_port": http_port,
        "temporal_port": temporal_port,
        "temporal_address": temporal_address,
        "debounce": debounce,
        "min_sessions": min_sessions,
    }
    loading.apply(given, config)
    _run(run_dev, "dev")


def receive(
    data_dir: DataDirectory = None,
    grpc_port: GrpcPort = None,
    http_port: HttpPort = None,
    temporal_address: TemporalAddress = None,
    temporal_namespace: TemporalNamespace = None,
    debounce: Debounce = None,
    config: File = None,
) -> None:
    """Run the edge alone: take traces and signals, store them, nudge the workers."""
    given = {
        "data_dir": data_dir,
        "grpc_port": grpc_port,
        "http_port": http_port,
        "temporal_address": temporal_address,
        "temporal_namespace": temporal_namespace,
        "debounce": debounce,
    }
    loading.apply(given, config)
    _run(_receive, "receive")


def work(
    data_dir: DataDirectory = None,
    temporal_address: TemporalAddress = None,
    temporal_namespace: TemporalNamespace = None,
    min_sessions: MinSessions = None,
    config: File = None,
) -> None:
    """Run the analysis alone: poll Temporal, read and write the store."""
    given = {
        "data_dir": data_dir,
        "temporal_address": temporal_address,
        "temporal_namespace": temporal_namespace,
        "min_sessions": min_sessions,
    }
    loading.apply(given, config)
    _run(_work, "work")


def _run(main: Callable[[Config, asyncio.Event], Coroutine[Any, Any, None]], name: str) -> None:
    config = loading.load()
    set_up_logging(config, name)

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        quiet_loop(loop)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _stop, stop, number)
        await main(config, stop)

    try:
        asyncio.run(until_stopped())
    except SidecarError as error:
        Console(stderr=True).print(f"[red]{error}[/]", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def _stop(stop: asyncio.Event, number: int) -> None:
    """The first signal asks for an orderly end, a second one is not argued with."""
    if stop.is_set():
        os._exit(128 + number)
    stop.set()


async def _receive(config: Config, stop: asyncio.Event) -> None:
    from exporter.allocator import keep_freed_memory
    from exporter.server import EdgeServer
    from exporter.settings import EdgeSettings
    from pipeline.store import Store
    from pipeline.temporal.client import connect

    keep_freed_memory()
    make_folder(config.data_dir)
    store = await asyncio.to_thread(Store.open, config.database_url)
    try:
        # Lazy: data is taken while Temporal is away.
        client = await connect(config, lazy=True)
        server = EdgeServer(store, client, config, EdgeSettings.of(config))
        await server.start()
        # Spans are many small objects without circles: looking for some costs a tenth of the ingest.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        try:
            await stop.wait()
        finally:
            await server.stop()
    finally:
        store.close()


async def _work(config: Config, stop: asyncio.Event) -> None:
    from pipeline.worker.run import run_worker

    make_folder(config.data_dir)
    await run_worker(config, stop)
