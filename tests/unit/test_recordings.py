"""What real instrumentation libraries sent is read as what their application did."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from pipeline.model.span import Span
from tests.recordings.catalogue import RECORDINGS
from tests.recordings.comparing import NAMES, compare
from tests.recordings.reading import FOLDER, sessions_of

EXPECTED: Mapping[str, Any] = json.loads((FOLDER / "expected.json").read_text())

NOT_SAID: dict[tuple[str, str], str] = {}
"""What a library does not record at all: (recording, field) -> why. Stays."""

NOT_YET: dict[str, set[str]] = {
    "openinference_openai": {
        "calls",
        "agents",
        "models",
        "system",
        "inputs",
        "outputs",
        "tool_calls",
        "tools",
        "tokens",
        "errors",
    },
    "openinference_openai_responses": {
        "calls",
        "agents",
        "models",
        "system",
        "inputs",
        "outputs",
        "tool_calls",
        "tools",
        "tokens",
        "errors",
    },
    "openinference_anthropic": {"system", "inputs", "outputs", "tool_calls", "tools"},
}
"""What is recorded but not yet understood: recording -> fields. Must become empty."""


def _marked(name: str, field: str) -> Any:
    reason = NOT_SAID.get((name, field)) or ("not yet" if field in NOT_YET.get(name, ()) else "")
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(name, field, marks=marks, id=f"{name}-{field}")


@cache
def _sessions(name: str) -> Mapping[str, Sequence[Span]]:
    return sessions_of(name)


@pytest.mark.parametrize(
    ("name", "field"), [_marked(name, field) for name in EXPECTED for field in NAMES]
)
def test_recording_is_read_as_what_happened(name: str, field: str) -> None:
    read, expected = compare(field, _sessions(name), EXPECTED[name]["sessions"])
    assert read == expected


def test_every_recording_has_a_fixture_and_its_facts() -> None:
    fixtures = {path.name.removesuffix(".otlp.jsonl") for path in FOLDER.glob("*.otlp.jsonl")}
    assert set(RECORDINGS) == set(EXPECTED) == fixtures


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.jsonl")), ids=lambda path: path.name)
def test_fixture_names_no_machine(path: Any) -> None:
    text = path.read_text()
    assert len(text) < 200_000
    assert not [w for w in ("/root/", "/home/", "/tmp/", "site-packages", "host.name") if w in text]
