"""Kill -9 of every process at random moments during an import changes nothing in the end.

In: the airline sessions. Out: `export --canonical` equal for an undisturbed, a disturbed, a repeated
and a shuffled import. Next: nothing; this is the promise of the whole walk (design section 8).
"""

import gzip
import hashlib
import json
import random
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from exporter.cli.exits import EXIT_UNREACHABLE
from tests.databases import working_on
from tests.sidecar_process import SidecarProcess

DATA = Path(__file__).parents[2] / "../shared/data"
SPANS = DATA / "tau-airline.otlp.jsonl.gz"
SIGNALS = DATA / "tau-airline.signals.jsonl"
PROJECT = "airline-support"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@contextmanager
def sidecar(data_dir: Path) -> Generator[SidecarProcess]:
    """A started sidecar, stopped whatever happens."""
    process = SidecarProcess(data_dir)
    process.start()
    try:
        yield process
    finally:
        if process.running():
            process.stop()


def settle_and_export(process: SidecarProcess) -> list[str]:
    """Wait until nothing is under way, then the canonical export's lines."""
    process.cli("wait", "--project", PROJECT, "--timeout", "10m", timeout=660)
    return process.cli("export", "--canonical", "--project", PROJECT).splitlines()


def assert_same(ours: list[str], reference: list[str]) -> None:
    """Equal line by line, with a readable difference."""
    if ours == reference:
        return
    only_ours = sorted(set(ours) - set(reference))[:3]
    only_reference = sorted(set(reference) - set(ours))[:3]
    raise AssertionError(
        "\n".join(["exports differ; only here:", *(x[:600] for x in only_ours)])
        + "\n".join(["", "only in the reference:", *(x[:600] for x in only_reference)])
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The export of an import that nobody disturbed."""
    with sidecar(tmp_path_factory.mktemp("calm") / "data") as process:
        importer = process.importer(str(SPANS), signals=str(SIGNALS))
        assert importer.wait(300) == 0, process.tail()
        return settle_and_export(process)


def test_reference_is_complete(undisturbed: list[str]) -> None:
    """The comparison is not of two empty files."""
    digest = hashlib.sha256("\n".join(undisturbed).encode()).hexdigest()
    kinds: dict[str, int] = {}
    for line in undisturbed:
        kind = str(json.loads(line)["type"])
        kinds[kind] = kinds.get(kind, 0) + 1
    assert kinds["span"] == 3818, (kinds, digest)
    assert kinds["signal"] == 200, kinds


def test_killed_at_random_moments(undisturbed: list[str], tmp_path: Path) -> None:
    """Parent, Temporal server, worker, receiver and importer are killed while data comes in."""
    assert_same(_disturbed(SidecarProcess(tmp_path / "data"), n_kills=10), undisturbed)


def test_killed_at_random_moments_on_postgresql(undisturbed: list[str], tmp_path: Path) -> None:
    """The same, and the same result as on SQLite."""
    with working_on("postgresql") as databases:
        process = SidecarProcess(tmp_path / "data")
        process.env["KELET_STORE_URL"] = databases.new(tmp_path)
        assert_same(_disturbed(process, n_kills=5), undisturbed)


def _disturbed(process: SidecarProcess, n_kills: int) -> list[str]:
    """The export of an import during which things were killed."""
    luck = random.Random(20)
    process.start()
    try:
        importer = process.importer(str(SPANS), signals=str(SIGNALS))
        for _ in range(n_kills):
            time.sleep(luck.uniform(0.5, 4))
            victim = luck.choice([None, "importer", *process.descendants()])
            importer = _kill(process, importer, victim)
        _finish(process, importer)
        return settle_and_export(process)
    finally:
        if process.running():
            process.stop()


def _finish(process: SidecarProcess, importer: "subprocess.Popen[bytes]") -> None:
    """Import until everything went in: one that found nobody says so and is run again."""
    status = importer.wait(300)
    for _ in range(10):
        if status != EXIT_UNREACHABLE:
            break
        status = process.importer(str(SPANS), signals=str(SIGNALS)).wait(300)
    assert status == 0, process.tail()


def _kill(
    process: SidecarProcess, importer: "subprocess.Popen[bytes]", victim: int | str | None
) -> "subprocess.Popen[bytes]":
    """Kill the victim, start what must be started again; the importer that runs now."""
    if victim == "importer":
        importer.kill()
        importer.wait()
    elif isinstance(victim, int):
        process.kill(victim)
    else:
        process.kill()
        process.start()
    if importer.poll() is None:
        return importer
    return process.importer(str(SPANS), signals=str(SIGNALS))


def test_twice_and_shuffled(undisturbed: list[str], tmp_path: Path) -> None:
    """Lines and spans in another order, then the same file again in its own order."""
    shuffled = tmp_path / "shuffled.jsonl"
    _write_shuffled(shuffled, random.Random(3))
    with sidecar(tmp_path / "data") as process:
        for file in (shuffled, SPANS):
            importer = process.importer(str(file), signals=str(SIGNALS))
            assert importer.wait(300) == 0, process.tail()
        assert_same(settle_and_export(process), undisturbed)


def _write_shuffled(target: Path, luck: random.Random) -> None:
    """Every span in a request of 1 to 40 spans that may come from many sessions."""
    spans: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = []
    with gzip.open(SPANS, "rt") as lines:
        for line in lines:
            for resource_spans in json.loads(line)["resourceSpans"]:
                for scope_spans in resource_spans["scopeSpans"]:
                    shared = resource_spans["resource"], scope_spans["scope"]
                    spans += [(*shared, span) for span in scope_spans["spans"]]
    luck.shuffle(spans)
    with target.open("w") as out:
        while spans:
            batch = [spans.pop() for _ in range(min(len(spans), luck.randint(1, 40)))]
            groups = [
                {"resource": r, "scopeSpans": [{"scope": s, "spans": [span]}]}
                for r, s, span in batch
            ]
            out.write(json.dumps({"resourceSpans": groups}) + "\n")
