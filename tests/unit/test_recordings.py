"""What real instrumentation libraries sent is read as what their application did."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from tests.recordings.catalogue import RECORDINGS
from tests.recordings.comparing import NAMES, Read, compare, read_sessions
from tests.recordings.not_said import NOT_SAID, Place
from tests.recordings.reading import FOLDER, sessions_of

EXPECTED: Mapping[str, Any] = json.loads((FOLDER / "expected.json").read_text())

NOT_YET: dict[str, set[str]] = {
    "openlit_openai": {"system"},
}
"""What is recorded but not yet understood: recording -> fields. Must become empty."""


def _marked(name: str, field: str) -> Any:
    missing = field in NOT_YET.get(name, ())
    marks = [pytest.mark.xfail(strict=True, reason="not yet understood")] if missing else []
    return pytest.param(name, field, marks=marks, id=f"{name}-{field}")


@cache
def _sessions(name: str) -> Mapping[str, Read]:
    return read_sessions(sessions_of(name))


@pytest.mark.parametrize(
    ("name", "field"), [_marked(name, field) for name in EXPECTED for field in NAMES]
)
def test_recording_is_read_as_what_happened(name: str, field: str) -> None:
    unsaid = {s for s in EXPECTED[name]["sessions"] if (name, field, s) in NOT_SAID}
    read, expected = compare(field, _sessions(name), EXPECTED[name]["sessions"], unsaid)
    assert read == expected


@pytest.mark.parametrize("place", NOT_SAID, ids="-".join)
def test_what_is_not_said_cannot_be_read(place: Place) -> None:
    name, field, session = place
    facts = {session: EXPECTED[name]["sessions"][session]}
    read, expected = compare(field, _sessions(name), facts)
    assert read != expected, "it is said after all"


def test_every_recording_has_a_fixture_and_its_facts() -> None:
    fixtures = {path.name.removesuffix(".otlp.jsonl") for path in FOLDER.glob("*.otlp.jsonl")}
    assert set(RECORDINGS) == set(EXPECTED) == fixtures


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.jsonl")), ids=lambda path: path.name)
def test_fixture_names_no_machine(path: Any) -> None:
    text = path.read_text()
    assert len(text) < 200_000
    assert not [w for w in ("/root/", "/home/", "/tmp/", "site-packages", "host.name") if w in text]
