"""One child process: started, awaited on its ports, and stopped whatever happens.

In: a command and its environment. Out: `Process`, `free_ports`. Next: `sidecar` and `collector`.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 90.0
STOP_TIMEOUT = 20.0


class NotStarted(RuntimeError):
    """Something did not start; the message says where its log lies."""


def free_ports(n: int) -> list[int]:
    """`n` different free ports of the loopback interface."""
    sockets = [socket.socket() for _ in range(n)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@dataclass
class Process:
    """A child in its own process group, so that Ctrl-C reaches it only through us."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    child: subprocess.Popen[bytes] | None = None

    def start(self, *ports: int) -> None:
        """Starts it and waits until it answers on every port; stops it again if it does not."""
        try:
            self._start()
            for port in ports:
                self._wait_for_port(port)
        except BaseException:
            self.stop()
            raise

    @property
    def alive(self) -> bool:
        """Whether it has been started and has not ended."""
        return self.child is not None and self.child.poll() is None

    def failure(self, what: str) -> NotStarted:
        """An error that shows the end of its log."""
        said = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return NotStarted(f"{Path(self.command[0]).name} {what}, see {self.log}\n{said}")

    def stop(self) -> None:
        """SIGINT first; SIGKILL for the whole group if that does not end it."""
        child, self.child = self.child, None
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGINT)
        try:
            child.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_for_port(self, port: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if not self.alive:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise self.failure("did not start")
