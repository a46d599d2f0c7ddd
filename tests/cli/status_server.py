"""The status service on a store in memory, served from a thread, and the CLI pointed at it.

In: a `MemoryStore`. Out: `serving`, `run`. Next: the tests of the command line.
"""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager

import grpc
from typer.testing import CliRunner, Result

from exporter.cli.app import build
from exporter.rpc.v1 import status_pb2_grpc
from exporter.status import StatusService
from tests.memory_store import MemoryStore

APP = build()


@contextmanager
def serving(store: MemoryStore) -> Generator[str]:
    """The endpoint of a server that lives as long as the block."""
    started, ports = threading.Event(), list[int]()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        server = grpc.aio.server()
        status_pb2_grpc.add_StatusServiceServicer_to_server(StatusService(store), server)
        ports.append(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        started.set()
        await stop.wait()
        await server.stop(None)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait(10)
    try:
        yield f"127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def run(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    """One command; its exit code, stdout and stderr."""
    env = {"COLUMNS": "120", "KELET_PROJECT": "", "KELET_ENDPOINT": ""} | (environment or {})
    return CliRunner().invoke(APP, list(arguments), env=env)
