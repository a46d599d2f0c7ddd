"""`kelet-sidecar dev` as its user meets it: start, kill, start again, Ctrl-C, taken ports."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import pytest

from exporter.cli.data_dir import start_time
from tests.sidecar_process import CLI, SidecarProcess, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def sidecar(tmp_path: Path) -> Generator[SidecarProcess]:
    process = SidecarProcess(tmp_path / "data")
    process.start()
    try:
        yield process
    finally:
        if process.running():
            process.stop()


def health(process: SidecarProcess) -> str:
    """`ok` when Temporal and the worker are there too."""
    url = f"http://127.0.0.1:{process.http_port}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(json.loads(answer.read())["status"])
    except OSError:
        return "down"


def until(condition: Callable[[], bool], process: SidecarProcess, patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, process.tail()
        time.sleep(0.1)


def _replaced(sidecar: SidecarProcess, before: set[int], victim: int) -> bool:
    """The others still run, and a third one that is new."""
    now = set(sidecar.descendants())
    return len(now) == 3 and now & before == before - {victim}


def gone(pid: int) -> bool:
    return start_time(pid) is None


def test_ctrl_c_stops_everything_and_exits_with_zero(sidecar: SidecarProcess) -> None:
    until(lambda: health(sidecar) == "ok", sidecar)
    children = sidecar.descendants()
    assert len(children) == 3
    assert sidecar.stop() == 0
    assert all(gone(pid) for pid in children)
    assert not (sidecar.data_dir / "children.json").exists()


def test_sigterm_is_as_good(sidecar: SidecarProcess) -> None:
    assert sidecar.process is not None
    sidecar.process.terminate()
    assert sidecar.process.wait(60) == 0


def test_each_killed_child_is_started_again(sidecar: SidecarProcess) -> None:
    until(lambda: health(sidecar) == "ok", sidecar)
    for position in range(3):
        before = set(sidecar.descendants())
        victim = sidecar.descendants()[position]
        sidecar.kill(victim)
        until(partial(_replaced, sidecar, before, victim), sidecar)
        until(lambda: health(sidecar) == "ok", sidecar)
    assert sidecar.stop() == 0


def test_killed_parent_takes_its_children_along_and_blocks_no_next_start(
    sidecar: SidecarProcess,
) -> None:
    children = sidecar.descendants()
    sidecar.kill()
    until(lambda: all(gone(pid) for pid in children), sidecar, patience=5)
    sidecar.start()
    until(lambda: health(sidecar) == "ok", sidecar)
    assert sidecar.stop() == 0


def test_children_that_survived_are_ended_by_the_next_start(tmp_path: Path) -> None:
    """As on a system where nothing ties a child to its parent."""
    process = SidecarProcess(tmp_path / "data")
    process.data_dir.mkdir(exist_ok=True)
    with subprocess.Popen(["sleep", "60"]) as survivor:
        record = {"work": [survivor.pid, start_time(survivor.pid)]}
        (process.data_dir / "children.json").write_text(json.dumps(record))
        process.start()
        assert survivor.wait(5) == -signal.SIGKILL
    assert process.stop() == 0


def test_second_dev_on_the_same_directory_is_refused(sidecar: SidecarProcess) -> None:
    done = dev(f"--data-dir={sidecar.data_dir}")
    assert done.returncode == 1
    assert "--data-dir" in done.stderr
    assert sidecar.running()


@pytest.mark.parametrize("option", ["--grpc-port", "--http-port", "--temporal-port"])
def test_taken_port_is_an_error_that_names_the_option(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {name: free_port() for name in ("--grpc-port", "--http-port", "--temporal-port")}
        ports[option] = taken.getsockname()[1]
        done = dev(f"--data-dir={tmp_path}", *(f"{name}={port}" for name, port in ports.items()))
    assert done.returncode == 1
    assert option in done.stderr
    assert str(ports[option]) in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_setting_is_one_readable_line(tmp_path: Path) -> None:
    done = dev(f"--data-dir={tmp_path}", "--debounce=soon")
    assert done.returncode == 2
    assert "debounce" in done.stderr
    assert "Traceback" not in done.stderr


def dev(*options: str) -> "subprocess.CompletedProcess[str]":
    """Run `dev` that is expected to end by itself."""
    return subprocess.run(
        [*CLI, "dev", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"COLUMNS": "200"},
    )
