"""The data directory of `dev`: one owner, and survivors of a killed owner end."""

import subprocess
import sys
from pathlib import Path

import pytest

from exporter.cli.data_dir import DataDir, start_time
from pipeline.errors import Conflict

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_second_owner_is_refused(tmp_path: Path) -> None:
    with (
        DataDir(tmp_path / "d"),
        pytest.raises(Conflict, match="--data-dir"),
        DataDir(tmp_path / "d"),
    ):
        pass
    with DataDir(tmp_path / "d"):
        pass


def test_survivor_of_a_killed_owner_ends(tmp_path: Path) -> None:
    with DataDir(tmp_path) as data_dir, subprocess.Popen(SLEEPER) as survivor:
        data_dir.record("work", survivor.pid)
        record = (tmp_path / "children.json").read_text()
        data_dir.__exit__(None, None, None)  # as the kernel does with a killed owner's lock
        (tmp_path / "children.json").write_text(record)
        with DataDir(tmp_path):
            assert start_time(survivor.pid) is None
        assert survivor.wait(5) == -9


def test_pid_that_was_given_to_another_process_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER) as other:
        (tmp_path / "children.json").write_text(f'{{"work": [{other.pid}, "1"]}}')
        with DataDir(tmp_path):
            assert other.poll() is None
        other.kill()
