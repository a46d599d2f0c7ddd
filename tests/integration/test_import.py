"""`import` against the real edge and store: nothing lost, nothing twice, every problem told."""

import gzip
import json
import random
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.edge_process import EdgeProcess
from tests.sidecar_process import CLI

DATA = Path(__file__).parents[2] / "../shared/data"
SPANS = DATA / "tau-airline.otlp.jsonl.gz"
SIGNALS = DATA / "tau-airline.signals.jsonl"
AIRLINE = "airline-support"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here")


@pytest.fixture
def edge(tmp_path: Path) -> Generator[EdgeProcess]:
    """A fresh edge."""
    with EdgeProcess(tmp_path) as process:
        yield process


def span_json(number: int, session: str, **more: str) -> dict[str, Any]:
    """A span of a session in a trace of its own."""
    attributes = {"session.id": session} | {k.replace("__", "."): v for k, v in more.items()}
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "chat",
        "startTimeUnixNano": str(1767225600000000000 + number),
        "endTimeUnixNano": str(1767225600000001000 + number),
        "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()],
    }


def line(*spans: dict[str, Any]) -> str:
    """One request of the Collector's file exporter."""
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})


def canonical(edge: EdgeProcess) -> list[str]:
    """Everything that is stored."""
    done = edge.cli("export", "--canonical")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def sessions(edge: EdgeProcess, project: str) -> list[str]:
    """Ids of the project's sessions that have spans."""
    done = edge.cli("sessions", "list", "--project", project, "--format", "json")
    return sorted(s["session_id"] for s in json.loads(done.stdout) if s["n_spans"])


def waiting_signals(edge: EdgeProcess, project: str) -> int:
    """Signals of the project that found no spans."""
    done = edge.cli("coverage", "--project", project, "--format", "json")
    return json.loads(done.stdout)["waiting_for_spans"]


@needs_data
def test_real_sessions_go_in_and_a_second_time_changes_nothing(edge: EdgeProcess) -> None:
    done = edge.cli("import", str(SPANS), "--signals", str(SIGNALS))
    assert done.returncode == 0, done.stderr
    assert "Sent 3,818 spans in 200 requests and 200 signals." in done.stderr
    coverage = json.loads(edge.cli("coverage", "-p", AIRLINE, "-f", "json").stdout)
    assert (coverage["received"], coverage["waiting"]) == (200, 200)
    assert coverage["waiting_for_spans"] == 0, "every signal found its session's project"
    first = canonical(edge)
    assert edge.cli("import", str(SPANS), "--signals", str(SIGNALS)).returncode == 0
    assert canonical(edge) == first


@needs_data
def test_a_receiver_killed_again_and_again_loses_nothing(edge: EdgeProcess) -> None:
    edge.cli("import", str(SPANS), "--signals", str(SIGNALS))
    calm = canonical(edge)
    luck = random.Random(7)
    folder = edge.database.parent / "killed"
    folder.mkdir()
    with EdgeProcess(folder) as other:
        command = [*CLI, "import", str(SPANS), "--signals", str(SIGNALS)]
        importer = subprocess.Popen(command, env=other.environment, stderr=subprocess.PIPE)
        for _ in range(4):
            time.sleep(luck.uniform(0.2, 1.2))
            other.kill()
            time.sleep(luck.uniform(0, 0.5))
            other.start()
        _, told = importer.communicate(timeout=200)
        assert importer.returncode == 0, told.decode()
        assert canonical(other) == calm


def test_bad_lines_are_told_and_stop_nothing(edge: EdgeProcess, tmp_path: Path) -> None:
    unreadable = span_json(3, "s3") | {"traceId": "what"}
    refused = span_json(4, "s4") | {"spanId": "0" * 16}
    file = tmp_path / "spans.jsonl"
    good = [line(span_json(1, "s1")), line(span_json(2, "s2"), unreadable, refused)]
    file.write_text("\n".join([good[0], "not json", '{"resourceLogs": []}', good[1], ""]))
    signals = tmp_path / "signals.jsonl"
    signal = {"session_id": "s1", "kind": "feedback", "source": "human", "score": 0}
    lines = [json.dumps(signal), "{", json.dumps(signal | {"kind": "guess"})]
    signals.write_text("\n".join(lines))
    done = edge.cli("import", str(file), "--signals", str(signals), "--project", "p")
    assert done.returncode == 1
    for told in (
        f"{file}:2: not JSON",
        f"{file}:3: holds resourceLogs, not traces",
        f"{file}:4: resourceSpans[0].scopeSpans[0].spans[1].traceId is neither",
        f"{file}:4: rejected spans: 1 with an invalid span id",
        f"{signals}:2: not JSON",
        f"{signals}:3: refused: HTTP 400: kind is required",
        "Sent 2 spans in 2 requests and 1 signals. 6 problems, see above, 1 spans refused.",
    ):
        assert told in done.stderr, done.stderr
    assert sessions(edge, "p") == ["s1", "s2"]


def test_project_of_a_signal(edge: EdgeProcess, tmp_path: Path) -> None:
    before = tmp_path / "before.jsonl"
    before.write_text(line(span_json(1, "old", kelet__project="known")))
    assert edge.cli("import", str(before)).returncode == 0
    now = tmp_path / "now.jsonl.gz"
    both = [span_json(2, "both", kelet__project="a"), span_json(3, "both", kelet__project="b")]
    fresh = [span_json(4, "new", kelet__project="fresh"), span_json(5, "plain")]
    now.write_bytes(gzip.compress(line(*both, *fresh).encode()))
    lines: list[dict[str, Any]] = [
        {"session_id": "new"},
        {"trace_id": f"{4:032x}"},
        {"session_id": "old"},
        {"session_id": "old", "project": "named"},
        {"session_id": "nobody"},
        {"session_id": "both"},
    ]
    signals = tmp_path / "signals.jsonl"
    rest = {"kind": "feedback", "source": "human", "score": 1}
    signals.write_text("".join(json.dumps(one | rest) + "\n" for one in lines))
    done = edge.cli("import", str(now), "--signals", str(signals))
    assert done.returncode == 1
    assert f"{signals}:6: its session is in several projects" in done.stderr
    stored = [json.loads(fact) for fact in canonical(edge)]
    homes = sorted(
        (fact["signal"]["project"], fact["signal"]["session_id"] or "")
        for fact in stored
        if fact["type"] == "signal"
    )
    wanted = [("default", "nobody"), ("fresh", ""), ("fresh", "new"), ("known", "old")]
    assert homes == [*wanted, ("named", "old")]
    alone = edge.cli("import", "--signals", str(signals), "--project", "own")
    assert alone.returncode == 0, alone.stderr
    assert waiting_signals(edge, "own") == 5


def test_standard_input_and_the_fallback_project(edge: EdgeProcess) -> None:
    data = gzip.compress(line(span_json(1, "s1"), span_json(2, "s2", kelet__project="x")).encode())
    done = edge.cli("import", "-", "--project", "p", data=data)
    assert done.returncode == 0, done.stderr
    assert (sessions(edge, "p"), sessions(edge, "x")) == (["s1"], ["s2"])
    again = edge.cli("import", "-", "--project", "café/ü", data=line(span_json(3, "s3")).encode())
    assert again.returncode == 0, again.stderr
    assert sessions(edge, "café/ü") == ["s3"]


def test_a_huge_line_is_split(edge: EdgeProcess, tmp_path: Path) -> None:
    file = tmp_path / "huge.jsonl"
    spans = [span_json(i, "s", text="x" * 2_000_000) for i in range(1, 8)]
    file.write_text(line(*spans))
    done = edge.cli("import", str(file))
    assert done.returncode == 0, done.stderr
    assert (
        "Sent 7 spans in 7 requests" in done.stderr or "Sent 7 spans in 4 requests" in done.stderr
    )


def test_an_overloaded_receiver_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("\n".join(line(span_json(i, f"s{i}")) for i in range(1, 41)))
    with EdgeProcess(tmp_path, max_in_flight=1) as edge:
        done = edge.cli("import", str(file))
        assert done.returncode == 0, done.stderr
        assert len(sessions(edge, "default")) == 40


def test_a_receiver_that_stays_away_ends_the_import(edge: EdgeProcess, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("\n".join(line(span_json(i, f"s{i}")) for i in range(1, 20001)))
    command = [*CLI, "import", str(file), "--timeout", "1s"]
    importer = subprocess.Popen(command, env=edge.environment, stderr=subprocess.PIPE)
    edge.wait_for_spans()
    assert importer.poll() is None, "the file must outlast the receiver"
    edge.kill()
    _, told = importer.communicate(timeout=60)
    assert importer.returncode == 2, told.decode()
    assert b"Run the same import again" in told
