"""Collectors and the sidecar's receiver as processes: started, killed, paused, started again.

In: a folder, ports, where to send on. Out: `Receiver`, `Collector`, `Rotel`. Next: the tests send
through them and `tests.collector.faults` harms them.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from importlib import util
from pathlib import Path
from typing import Any, Self

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.collector.build import CONFIG, collector
from tests.sidecar_process import CLI, free_port

START_SECONDS = 60.0
STOP_SECONDS = 60.0
PAUSE = 0.1


class Managed:
    """One process of a given command, on the same ports after every start."""

    def __init__(self, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        """What is run."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """What the process gets beside our own environment."""
        return {}

    def ready(self) -> bool:
        """Whether it takes data."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start it and do not wait."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), env=os.environ | self.environment(), stdout=log, stderr=log
            )

    def start(self, timeout: float = START_SECONDS) -> None:
        """Returns when it takes data; fails if it ends before that."""
        self.spawn()
        deadline = time.monotonic() + timeout
        while not self.ready():
            assert self.running(), f"{self.name} ended at its start:\n{self.tail()}"
            assert time.monotonic() < deadline, f"{self.name} is not ready:\n{self.tail()}"
            time.sleep(PAUSE)

    def revive(self, timeout: float = START_SECONDS) -> None:
        """As an operator's supervisor does: started again and again until it takes data."""
        deadline = time.monotonic() + timeout
        while not (self.running() and self.ready()):
            assert time.monotonic() < deadline, f"{self.name} does not come back:\n{self.tail()}"
            if not self.running():
                self.spawn()
            time.sleep(PAUSE)

    def kill(self) -> None:
        """Kill -9; nothing if it has ended."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait(STOP_SECONDS)

    def pause(self) -> None:
        """SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(STOP_SECONDS)

    def tail(self) -> str:
        """The end of the log, for a failing test's message."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""


class Receiver(Managed):
    """`kelet-sidecar receive` on a store, without Temporal."""

    def __init__(self, folder: Path, data_dir: Path, **settings: str) -> None:
        super().__init__("receiver", folder)
        self.data_dir = data_dir
        self.settings = settings
        self.grpc_port, self.http_port = free_port(), free_port()
        self._nobody = free_port()

    def command(self) -> Sequence[str]:
        ports = [f"--grpc-port={self.grpc_port}", f"--http-port={self.http_port}"]
        temporal = f"--temporal-address=127.0.0.1:{self._nobody}"
        return [*CLI, "receive", f"--data-dir={self.data_dir}", *ports, temporal]

    def environment(self) -> Mapping[str, str]:
        return self.settings

    @property
    def endpoint(self) -> str:
        """host:port of OTLP/gRPC."""
        return f"127.0.0.1:{self.grpc_port}"

    def ready(self) -> bool:
        """Its own health says so."""
        with grpc.insecure_channel(self.endpoint) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            try:
                answer: Any = stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
            except grpc.RpcError:
                return False
        return answer.status == health_pb2.HealthCheckResponse.SERVING


class Forwarder(Managed):
    """A collector: OTLP/gRPC and OTLP/HTTP in, OTLP to the receiver out."""

    def __init__(self, name: str, folder: Path, receiver: Receiver) -> None:
        super().__init__(name, folder)
        self.folder = folder
        self.receiver = receiver
        self.grpc_port, self.http_port = free_port(), free_port()

    def ready(self) -> bool:
        """Both ports are open."""
        return port_open(self.grpc_port) and port_open(self.http_port)


class Collector(Forwarder):
    """The standard Collector with exactly the repository's `collector-config.yaml`."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        super().__init__("collector", folder, receiver)
        self._binary = collector()

    def command(self) -> Sequence[str]:
        return [str(self._binary), "--config", str(CONFIG)]

    def environment(self) -> Mapping[str, str]:
        return {
            "OTELCOL_QUEUE_DIR": str(self.folder / "queue"),
            "OTELCOL_GRPC_ENDPOINT": f"127.0.0.1:{self.grpc_port}",
            "OTELCOL_HTTP_ENDPOINT": f"127.0.0.1:{self.http_port}",
            "KELET_SIDECAR_ENDPOINT": self.receiver.endpoint,
        }


class Rotel(Forwarder):
    """The second, independent collector, from its wheel. It has no queue on disk."""

    def __init__(self, folder: Path, receiver: Receiver, protocol: str = "grpc") -> None:
        super().__init__("rotel", folder, receiver)
        self.protocol = protocol

    def command(self) -> Sequence[str]:
        spec = util.find_spec("rotel")
        assert spec is not None
        assert spec.origin is not None
        port = self.receiver.grpc_port if self.protocol == "grpc" else self.receiver.http_port
        return [
            str(Path(spec.origin).with_name("rotel-agent")),
            "start",
            f"--pid-file={self.folder}/rotel.pid",
            f"--otlp-grpc-endpoint=127.0.0.1:{self.grpc_port}",
            f"--otlp-http-endpoint=127.0.0.1:{self.http_port}",
            "--exporter=otlp",
            f"--otlp-exporter-protocol={self.protocol}",
            f"--otlp-exporter-endpoint=http://127.0.0.1:{port}",
            "--otlp-exporter-retry-initial-backoff=200ms",
        ]


def port_open(port: int) -> bool:
    """Whether somebody listens on the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
