"""What the demo starts it also stops, and a child that does not start is reported with its log."""

import sys
from pathlib import Path

import pytest

from examples.insurance.process import NotStarted, Process, free_ports

SERVE = "import http.server, sys; http.server.test(port=int(sys.argv[1]), bind='127.0.0.1')"


def test_a_process_is_awaited_and_stopped(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    process = Process([sys.executable, "-c", SERVE, str(port)], {}, tmp_path / "log")
    process.start(port)
    child = process.child
    assert process.alive
    assert child is not None
    process.stop()
    assert not process.alive
    assert child.poll() is not None


def test_a_process_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no room on the disk')"]
    process = Process(command, {}, tmp_path / "log")
    with pytest.raises(NotStarted, match="no room on the disk"):
        process.start(*free_ports(1))
    assert not process.alive
