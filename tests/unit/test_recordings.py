"""What real instrumentation libraries sent is read as what their application did."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.recordings.catalogue import RECORDINGS
from tests.recordings.comparing import NAMES, compare, read_sessions
from tests.recordings.not_said import NOT_SAID
from tests.recordings.reading import FOLDER, sessions_of

EXPECTED: Mapping[str, Any] = json.loads((FOLDER / "expected.json").read_text())

NOT_YET: dict[str, set[str]] = {}
"""What is recorded but not yet understood: recording -> fields. Must become empty."""


@pytest.mark.parametrize("name", EXPECTED)
def test_recording_is_read_as_what_happened(name: str) -> None:
    facts, read = EXPECTED[name]["sessions"], read_sessions(sessions_of(name))
    wrong = {}
    for field in set(NAMES) - NOT_YET.get(name, set()):
        unsaid = {session for session in facts if (name, field, session) in NOT_SAID}
        compared = compare(field, read, facts, unsaid)
        if compared.read != compared.expected:
            wrong[field] = compared
    assert not wrong

    for field in NOT_YET.get(name, set()):
        compared = compare(field, read, facts)
        assert compared.read != compared.expected, f"{field} is understood now"
    for _, field, session in (place for place in NOT_SAID if place[0] == name):
        compared = compare(field, read, {session: facts[session]})
        assert compared.read != compared.expected, f"{field} of {session} is said after all"


def test_every_recording_has_a_fixture_and_its_facts() -> None:
    fixtures = {path.name.removesuffix(".otlp.jsonl") for path in FOLDER.glob("*.otlp.jsonl")}
    assert set(RECORDINGS) == set(EXPECTED) == fixtures
    assert {name for name, _, _ in NOT_SAID} | set(NOT_YET) <= fixtures


def test_fixtures_are_small_and_name_no_machine() -> None:
    for path in FOLDER.glob("*.jsonl"):
        text = path.read_text()
        assert len(text) < 200_000
        named = ("/root/", "/home/", "/tmp/", "site-packages", "host.name")
        assert not [word for word in named if word in text], path.name
