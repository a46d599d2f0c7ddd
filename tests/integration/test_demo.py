"""`make demo` as a person runs it: its exit status says whether the right finding came out."""

import subprocess
import sys
from pathlib import Path

import pytest

from examples.insurance.process import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run_demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The demo in a folder of its own."""
    command = [sys.executable, "-m", "examples.insurance.demo", "--folder", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_demo_blames_the_summarizer_for_the_order(tmp_path: Path) -> None:
    done = run_demo(tmp_path / "demo", "--timeout", "9m")
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in ("transcript-summarizer", "order", "kelet-sidecar coverage", "/300"):
        assert expected in done.stdout


def test_too_few_calls_are_not_a_success(tmp_path: Path) -> None:
    done = run_demo(tmp_path / "demo", "--calls", "12", "--timeout", "4m")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Missing" in done.stdout
