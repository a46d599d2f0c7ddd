"""A `kelet-sidecar dev` of a test's own: started on free ports, killed, started again, driven by its CLI.

In: a data directory. Out: `SidecarProcess`, `free_port`. Next: the slow tests that kill things.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

CLI = (sys.executable, "-m", "exporter.cli.app")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children_of(pid: int) -> list[int]:
    """All descendants of a process, nearest first (Linux)."""
    found: list[int] = []
    queue = [pid]
    while queue:
        parent = queue.pop(0)
        try:
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:
            continue
        direct = [int(p) for p in text.split()]
        found += direct
        queue += direct
    return found


class SidecarProcess:
    """One data directory and the process that serves it, on the same ports after every start."""

    def __init__(self, data_dir: Path, *, debounce: str = "2s", quiet: str = "2s") -> None:
        self.data_dir = data_dir
        self.grpc_port, self.http_port, self.temporal_port = (free_port() for _ in range(3))
        self.env = os.environ | {
            "KELET_DEBOUNCE": debounce,
            "KELET_AGGREGATION_QUIET": quiet,
        }
        self.process: subprocess.Popen[bytes] | None = None
        data_dir.mkdir(parents=True, exist_ok=True)
        self.log = data_dir.parent / f"{data_dir.name}.log"

    @property
    def endpoint(self) -> str:
        """host:port of the gRPC server."""
        return f"127.0.0.1:{self.grpc_port}"

    def start(self, timeout: float = 120) -> None:
        """Start `dev` and wait until its health says SERVING."""
        ports = [f"--grpc-port={self.grpc_port}", f"--http-port={self.http_port}"]
        ports.append(f"--temporal-port={self.temporal_port}")
        command = [*CLI, "dev", f"--data-dir={self.data_dir}", *ports]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
        self._await_serving(time.monotonic() + timeout)

    def _await_serving(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.tail()
            with grpc.insecure_channel(self.endpoint) as channel:
                try:
                    stub: Any = health_pb2_grpc.HealthStub(channel)
                    answer: Any = stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
                except grpc.RpcError:
                    time.sleep(0.2)
                    continue
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                return
            time.sleep(0.2)
        raise AssertionError(f"not serving in time:\n{self.tail()}")

    def running(self) -> bool:
        """Whether the parent process is alive."""
        return self.process is not None and self.process.poll() is None

    def tail(self) -> str:
        """The end of the log, for a failing test's message."""
        return self.log.read_text(errors="replace")[-4000:]

    def kill(self, pid: int | None = None) -> None:
        """Kill -9 the parent, or one of its descendants."""
        assert self.process is not None
        os.kill(pid or self.process.pid, signal.SIGKILL)
        if pid is None:
            self.process.wait(10)

    def descendants(self) -> list[int]:
        """Pids of everything that `dev` started."""
        return children_of(self.process.pid) if self.process is not None else []

    def stop(self) -> int:
        """Ctrl-C, and the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def cli(self, *arguments: str, timeout: float = 600, check: bool = True) -> str:
        """Run a CLI command against this sidecar; its standard output."""
        command = [*CLI, *arguments, "--endpoint", self.endpoint]
        done = subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{arguments} ended with {done.returncode}:\n{done.stderr[-3000:]}\n{self.tail()}"
            )
        return done.stdout

    def importer(self, *files: str, signals: str | None = None) -> subprocess.Popen[bytes]:
        """Start `import` in the background."""
        more = ["--signals", signals] if signals else []
        where = ["--endpoint", self.endpoint, "--http", f"http://127.0.0.1:{self.http_port}"]
        command = [*CLI, "import", *files, *more, *where]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
