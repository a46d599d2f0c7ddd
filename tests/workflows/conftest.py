"""A real Temporal development server for the tests of this folder, from the wheel, in memory.

In: nothing. Out: `temporal_address`, and a connected `client` for each test.
"""

import contextlib
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed

from pipeline.temporal.embedded import find_binary
from tests.sidecar_process import free_port


@contextlib.contextmanager
def temporal_server(log: Path) -> Generator[str]:
    """host:port of a server of our own."""
    port = free_port()
    command = [str(find_binary()), "server", "start-dev", "--ip", "127.0.0.1", "--headless"]
    command += ["--port", str(port), "--log-level", "error"]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out) as process,
    ):
        try:
            _await_port(port)
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise AssertionError("the Temporal server did not start")


@pytest.fixture(scope="session")
def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with temporal_server(tmp_path_factory.mktemp("temporal") / "log") as address:
        yield address


@pytest.fixture
async def client(temporal_address: str) -> Client:
    """The port is open a moment before the server answers."""
    async for attempt in AsyncRetrying(stop=stop_after_delay(60), wait=wait_fixed(0.2)):
        with attempt:
            return await Client.connect(temporal_address, data_converter=pydantic_data_converter)
    raise AssertionError("a retry ends with a client or raises")
