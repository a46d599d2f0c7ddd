"""A start that cannot be says why in one line, with what to set, and ends with a status of its own."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.sidecar_process import CLI

pytestmark = pytest.mark.slow

POSTGRES = "postgresql://somebody:canary@127.0.0.1:1/kelet"


def started(*arguments: str, **settings: str) -> tuple[int, str]:
    """The exit status and what was told."""
    environment = os.environ | {"KELET_LOG_FORMAT": "text", "NO_COLOR": "1"} | settings
    done = subprocess.run(
        [*CLI, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr.strip()


@pytest.mark.parametrize("command", [["receive"], ["work"], ["dev"], ["keys", "list"]])
def test_a_folder_that_cannot_be_written(tmp_path: Path, command: list[str]) -> None:
    taken = tmp_path / "file"
    taken.touch()
    status, told = started(
        *command, KELET_DATA_DIR=str(taken), KELET_TEMPORAL_ADDRESS="127.0.0.1:1"
    )
    assert (status, len(told.splitlines())) == (1, 1)
    assert str(taken) in told
    assert "KELET_DATA_DIR" in told


@pytest.mark.parametrize("command", [["receive"], ["work"], ["keys", "list"]])
def test_a_database_that_is_away(tmp_path: Path, command: list[str]) -> None:
    status, told = started(
        *command,
        KELET_DATA_DIR=str(tmp_path),
        KELET_STORE_URL=POSTGRES,
        KELET_TEMPORAL_ADDRESS="127.0.0.1:1",
    )
    assert (status, len(told.splitlines())) == (1, 1)
    assert "127.0.0.1:1/kelet" in told
    assert "KELET_STORE_URL" in told
    assert "canary" not in told


def test_a_database_that_is_not_spoken(tmp_path: Path) -> None:
    status, told = started("receive", KELET_DATA_DIR=str(tmp_path), KELET_STORE_URL="mysql://h/d")
    assert status == 2
    assert told.startswith("store_url")
    assert "postgresql://" in told
