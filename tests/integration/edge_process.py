"""The edge alone as a process of its own, on a real store, without Temporal: started, killed, restarted.

In: a database file. Out: `EdgeProcess`. Next: the tests of import and inspection. Run as a module it
is that process: `python -m tests.integration.edge_process DATABASE GRPC_PORT HTTP_PORT [LIMIT]`.
"""

import asyncio
import gc
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from exporter.allocator import keep_freed_memory
from exporter.server import EdgeServer
from exporter.settings import EdgeSettings
from pipeline.config import Config
from pipeline.store.store import Store
from tests.sidecar_process import CLI, free_port

ROOT = Path(__file__).parents[2]


class EdgeProcess:
    """One database and the process that serves it, on the same ports after every start."""

    def __init__(self, folder: Path, max_in_flight: int = 512) -> None:
        self.database = folder / "store.sqlite"
        self.grpc_port, self.http_port = free_port(), free_port()
        self.max_in_flight = max_in_flight
        self.process: subprocess.Popen[bytes] | None = None
        self.log = (folder / "edge.log").open("ab")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.log.close()

    def start(self) -> None:
        """Returns when the port is open."""
        command = [sys.executable, "-m", "tests.integration.edge_process", str(self.database)]
        command += [str(self.grpc_port), str(self.http_port), str(self.max_in_flight)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.process.poll() is None, Path(self.log.name).read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.grpc_port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("the edge did not start")

    def wait_for_spans(self) -> None:
        """Returns when it has taken a span since its start."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._n_accepted() > 0:
                return
            time.sleep(0.05)
        raise AssertionError("the edge took no span")

    def _n_accepted(self) -> int:
        answer = httpx.get(f"http://127.0.0.1:{self.http_port}/healthz", trust_env=False)
        return answer.json()["counts"].get("spans_accepted", 0)

    def kill(self) -> None:
        """Kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    @property
    def environment(self) -> dict[str, str]:
        """Where commands find it."""
        return os.environ | {
            "KELET_ENDPOINT": f"127.0.0.1:{self.grpc_port}",
            "KELET_HTTP": f"http://127.0.0.1:{self.http_port}",
            "COLUMNS": "120",
        }

    def cli(self, *arguments: str, data: bytes = b"") -> "subprocess.CompletedProcess[str]":
        """One command to its end."""
        done = subprocess.run(
            [*CLI, *arguments],
            env=self.environment,
            cwd=ROOT,
            input=data,
            capture_output=True,
            timeout=120,
            check=False,
        )
        told, problems = done.stdout.decode(), done.stderr.decode()
        return subprocess.CompletedProcess(done.args, done.returncode, told, problems)


async def serve(database: str, grpc_port: int, http_port: int, max_in_flight: int) -> None:
    """The edge until it is killed, with the memory that `kelet-sidecar receive` has."""
    keep_freed_memory()
    gc.set_threshold(50_000, 20, 50)
    client = await Client.connect("127.0.0.1:1", lazy=True, data_converter=pydantic_data_converter)
    settings = EdgeSettings(
        grpc_port=grpc_port, http_port=http_port, max_in_flight_requests=max_in_flight
    )
    with Store.open(f"sqlite:///{database}") as store:
        edge = EdgeServer(store, client, Config(), settings)
        await edge.start()
        await edge.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], *(int(number) for number in sys.argv[2:5])))
