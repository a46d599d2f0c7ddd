"""The Collector for the tests of this folder; where there is none they say loudly that they did not run.

In: `KELET_REQUIRE_COLLECTOR`: set (as in CI), a missing Collector is a failure. Out: `receiver`,
`standard_collector`.
"""

import functools
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.collector.build import CollectorMissing, collector
from tests.collector.processes import Collector, Receiver

REQUIRE = "KELET_REQUIRE_COLLECTOR"


@functools.cache
def why_missing() -> str:
    """Empty if there is a Collector."""
    try:
        collector()
    except CollectorMissing as missing:
        return str(missing)
    return ""


@pytest.fixture(scope="session")
def collector_there() -> None:
    """Builds the Collector if need be."""
    if reason := why_missing():
        told = f"the Collector's tests DID NOT RUN, for there is no Collector:\n{reason}"
        if os.environ.get(REQUIRE):
            pytest.fail(told)
        pytest.skip(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line of its own at the end, beside the skips: nobody may take this for a pass."""
    skipped = terminalreporter.getreports("skipped")
    missed = [report for report in skipped if "DID NOT RUN" in str(report.longrepr)]
    if missed:
        told = (
            f"{len(missed)} tests with the standard Collector DID NOT RUN ({REQUIRE}=1 fails them)"
        )
        terminalreporter.write_sep("!", told, red=True, bold=True)


@pytest.fixture
def receiver(tmp_path: Path) -> Generator[Receiver]:
    """A running sidecar."""
    with Receiver(tmp_path, tmp_path / "data") as running:
        yield running


@pytest.fixture
def standard_collector(
    collector_there: None, receiver: Receiver, tmp_path: Path
) -> Generator[Collector]:
    """A running Collector in front of it."""
    with Collector(tmp_path, receiver) as running:
        yield running
