"""Records OTLP fixtures from the real instrumentation libraries: `python -m tests.recordings.record`.

In: names from the catalogue (all without one). Out: `<name>.otlp.jsonl`, one request a line, and the
facts about it in `expected.json`. Next: `tests/unit/test_recordings.py` reads both.

Each app holds the same chat with scripted models on loopback in an environment of its own; a package
index is needed to make that environment, nothing else leaves the machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from tests.recordings.capture import Captured, capture, n_spans
from tests.recordings.catalogue import RECORDINGS, Recording
from tests.recordings.environments import APPS, cache_folder, pins_of, ready
from tests.recordings.expectations import expectations
from tests.recordings.scripted_models import Models, scripted_models
from tests.recordings.scrub import Scrubber

FOLDER = Path(__file__).parent
EXPECTED = FOLDER / "expected.json"
LIMIT = 200_000
"""A fixture is small enough to be read by a person."""


def main() -> None:
    """Record what was asked for; ends with 1 when one of them could not be recorded."""
    names = _arguments()
    failed = [name for name in names if not _recorded(RECORDINGS[name])]
    print(f"{len(names) - len(failed)} recorded, {len(failed)} failed {' '.join(failed)}")
    raise SystemExit(bool(failed))


def _arguments() -> list[str]:
    parser = argparse.ArgumentParser(
        prog="python -m tests.recordings.record",
        description="Record OTLP fixtures from real instrumentation libraries.",
        epilog="Environments are kept in $RECORDINGS_CACHE or the user's cache folder.",
    )
    parser.add_argument("name", nargs="*", help="recordings to make anew; all without one")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    given = parser.parse_args()
    if given.list:
        print("\n".join(RECORDINGS))
        raise SystemExit
    unknown = [name for name in given.name if name not in RECORDINGS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)} (see --list)")
    return given.name or list(RECORDINGS)


def _recorded(recording: Recording) -> bool:
    print(f"{recording.name}: ", end="", flush=True)
    command = ready(recording.environment, APPS / recording.app)
    with scripted_models() as models, capture() as captured:
        problem = _run(command, recording, models, captured)
    if not problem:
        problem = _kept(recording, models, captured)
    print(problem or f"{n_spans(captured.traces)} spans, {len(models.exchanges)} model calls")
    if captured.elsewhere:
        print(f"  not kept: {', '.join(sorted(set(captured.elsewhere)))}")
    return not problem


def _run(command: list[str], recording: Recording, models: Models, captured: Captured) -> str:
    """What went wrong, empty if nothing did."""
    with tempfile.TemporaryDirectory() as home:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "PYTHONPATH": str(FOLDER.parents[1] / "plugin"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SCRIPTED_MODELS": models.address,
            "GOOGLE_GEMINI_BASE_URL": models.address,
            "RECORDED_TRACES": captured.address,
            "CREWAI_DISABLE_TELEMETRY": "true",
            "CREWAI_TRACING_ENABLED": "false",
            "LANGSMITH_ENDPOINT": captured.address,
            "NO_PROXY": "127.0.0.1,localhost",
            **recording.variables,
        }
        try:
            done = subprocess.run(
                [*command, recording.variant],
                env=variables,
                cwd=home,
                capture_output=True,
                text=True,
                timeout=180,
            )
        except subprocess.TimeoutExpired:
            return "the app did not end in 180 s"
    if done.returncode:
        return f"the app ended with {done.returncode}:\n{done.stdout[-300:]}{done.stderr[-900:]}"
    if models.unknown:
        return f"the models were asked what they cannot answer: {models.unknown[:3]}"
    return "" if captured.traces else f"no spans came:\n{done.stderr[-2000:]}"


def _kept(recording: Recording, models: Models, captured: Captured) -> str:
    """Write fixture and facts; what went wrong, empty if nothing did."""
    scrubber = Scrubber(
        folders=(str(cache_folder()), str(FOLDER.parents[1]), tempfile.gettempdir()),
        ports={_port(models.address): 8080, _port(captured.address): 4318},
    )
    _write(FOLDER / f"{recording.name}.otlp.jsonl", scrubber, captured.traces)
    if captured.logs:
        _write(FOLDER / f"{recording.name}.logs.jsonl", scrubber, captured.logs)
    known = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    known[recording.name] = {
        "made_with": pins_of(recording.environment),
        "sessions": expectations(recording, models.exchanges),
    }
    EXPECTED.write_text(_laid_out(_in_order(known), 5) + "\n")
    return ""


def _write(path: Path, scrubber: Scrubber, captured: Sequence[Message]) -> None:
    lines = [json.dumps(request, ensure_ascii=False) for request in scrubber.requests(captured)]
    text = "\n".join(lines) + "\n"
    if len(text.encode()) > LIMIT:
        print(f"(large: {len(text.encode()):,} bytes) ", end="", file=sys.stderr)
    path.write_text(text)


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _laid_out(value: Any, levels: int, indent: str = "") -> str:
    """JSON with a line for each call: the upper levels are spread out, what lies below is not."""
    if not levels or not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    inner = indent + " "
    if isinstance(value, list):
        parts = [_laid_out(item, 0, inner) for item in value]
        opened, closed = "[", "]"
    else:
        parts = [f"{json.dumps(k)}: {_laid_out(v, levels - 1, inner)}" for k, v in value.items()]
        opened, closed = "{", "}"
    return opened + "\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}{closed}"


def _in_order(known: dict[str, Any]) -> dict[str, Any]:
    return {name: known[name] for name in RECORDINGS if name in known}


if __name__ == "__main__":
    main()
