"""The sidecar as the demo runs it, and its command line.

In: a data folder. Out: `Sidecar`, a context manager with its addresses. Next: `collector` stands in
front of it, `demo` sends calls and reads findings.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from examples.insurance.process import ROOT, START_TIMEOUT, Process, free_ports

COMPONENTS = ("otlp", "store", "temporal", "worker")
"""What `grpc.health.v1` reports on."""


@dataclass
class Sidecar:
    """`kelet-sidecar dev` on free ports, with a short silence so that the demo is short."""

    data_dir: Path
    debounce: str = "3s"
    environment: Mapping[str, str] = field(
        default_factory=lambda: {
            "KELET_AGGREGATION_QUIET": "4s",
            "KELET_SWEEP_INTERVAL": "5s",
            "KELET_SWEEP_GRACE": "10s",
        }
    )

    def __post_init__(self) -> None:
        self.grpc_port, self.http_port, self.temporal_port, self._ui_port = free_ports(4)
        environment = {"KELET_TEMPORAL_UI_PORT": str(self._ui_port), **self.environment}
        log = self.data_dir.parent / "sidecar.log"
        self._process = Process(self.command(), environment, log)

    def __enter__(self) -> "Sidecar":
        self._process.start(self.temporal_port, self.http_port, self.grpc_port)
        try:
            self._wait_until_serving()
        except BaseException:
            self._process.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.stop()

    @property
    def endpoint(self) -> str:
        """Where its OTLP/gRPC and status service listen."""
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def http_url(self) -> str:
        """Where its HTTP API listens."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def temporal_address(self) -> str:
        """The embedded Temporal server, which the application shares."""
        return f"127.0.0.1:{self.temporal_port}"

    @property
    def ui_url(self) -> str:
        """The Temporal web UI."""
        return f"http://127.0.0.1:{self._ui_port}"

    def check(self) -> None:
        """Raises if it has ended."""
        if not self._process.alive:
            raise self._process.failure("has ended")

    def _wait_until_serving(self) -> None:
        """All of it is up, the worker too."""
        deadline = time.monotonic() + START_TIMEOUT
        with grpc.insecure_channel(self.endpoint) as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            while time.monotonic() < deadline:
                self.check()
                if all(_serves(health, component) for component in COMPONENTS):
                    return
                time.sleep(0.2)
        raise self._process.failure("did not become healthy")

    def command(self) -> list[str]:
        """What starts it."""
        options = {
            "--data-dir": str(self.data_dir),
            "--grpc-port": str(self.grpc_port),
            "--http-port": str(self.http_port),
            "--temporal-port": str(self.temporal_port),
            "--debounce": self.debounce,
        }
        return [executable(), "dev", *(part for option in options.items() for part in option)]

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One command of its command line against it, output captured."""
        return subprocess.run(
            [executable(), *arguments, "--endpoint", self.endpoint],
            check=check,
            cwd=ROOT,
            capture_output=True,
            text=True,
        )

    def show(self, *arguments: str) -> None:
        """One command of its command line, straight onto the screen."""
        subprocess.run([executable(), *arguments, "--endpoint", self.endpoint], check=False)

    def read(self, *arguments: str) -> Any:
        """The JSON that an inspection command prints."""
        return json.loads(self.run(*arguments, "--format", "json").stdout)


def _serves(health: Any, component: str) -> bool:
    try:
        answer = health.Check(health_pb2.HealthCheckRequest(service=component), timeout=5)
    except grpc.RpcError:
        return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING


def executable() -> str:
    """`kelet-sidecar` of this environment."""
    return str(Path(sys.executable).with_name("kelet-sidecar"))
