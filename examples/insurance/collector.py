"""The standard Collector in front of the sidecar, with exactly this repository's configuration.

In: a running `Sidecar`. Out: `Collector`, a context manager with its endpoint. Next: `demo` sends
its spans there.
"""

import shutil
from dataclasses import dataclass
from types import TracebackType

from examples.insurance.process import ROOT, Process, free_ports
from examples.insurance.sidecar import Sidecar

CONFIG = ROOT / "collector-config.yaml"


def find_collector() -> str | None:
    """The Collector on the PATH."""
    return shutil.which("otelcol") or shutil.which("otelcol-contrib")


@dataclass
class Collector:
    """The standard Collector with exactly this repository's configuration, in front of a sidecar."""

    binary: str
    sidecar: Sidecar

    def __post_init__(self) -> None:
        self._grpc_port, http_port = free_ports(2)
        folder = self.sidecar.data_dir.parent
        environment = {
            "OTELCOL_GRPC_ENDPOINT": f"127.0.0.1:{self._grpc_port}",
            "OTELCOL_HTTP_ENDPOINT": f"127.0.0.1:{http_port}",
            "OTELCOL_QUEUE_DIR": str((folder / "collector-queue").absolute()),
            "KELET_SIDECAR_ENDPOINT": self.sidecar.endpoint,
        }
        command = [self.binary, "--config", str(CONFIG)]
        self._process = Process(command, environment, folder / "collector.log")

    def __enter__(self) -> "Collector":
        self._process.start(self._grpc_port)
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
        """Where the application sends its spans."""
        return f"127.0.0.1:{self._grpc_port}"
