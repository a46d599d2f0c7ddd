"""What real instrumentation libraries sent is read as what their application did."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from tests.recordings.catalogue import RECORDINGS
from tests.recordings.comparing import NAMES, Read, compare, read_sessions
from tests.recordings.reading import FOLDER, sessions_of

EXPECTED: Mapping[str, Any] = json.loads((FOLDER / "expected.json").read_text())

NOT_SAID: dict[tuple[str, str], str] = {}
"""What a library does not record at all: (recording, field) -> why. Stays."""

NOT_YET: dict[str, set[str]] = {
    "openinference_openai": {"models"},
    "openinference_anthropic": {
        "calls",
        "agents",
        "models",
        "system",
        "inputs",
        "outputs",
        "tool_calls",
        "tokens",
        "errors",
    },
    "traceloop_openai": {"tools"},
    "traceloop_openai_responses": {"outputs", "tools"},
    "traceloop_anthropic": {
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
    "pydantic_ai_format_1": {"system", "inputs", "outputs"},
    "pydantic_ai_format_2": {"system", "inputs", "outputs"},
    "pydantic_ai_format_5": {"system", "inputs", "outputs"},
    "pydantic_ai_format_5_anthropic": {"system", "inputs"},
    "pydantic_ai_format_6": {"system", "inputs", "outputs"},
    "pydantic_ai_format_6_responses": {"system", "inputs", "outputs"},
    "langfuse_openai": {"outputs"},
    "langfuse_openai_responses": {"tokens"},
    "openai_v2": {"system", "inputs", "outputs", "tool_calls"},
    "openai_v2_latest": {"outputs"},
    "kelet_sdk": {"system", "inputs", "outputs"},
    "openinference_langchain": {"agents", "outputs", "tools"},
    "traceloop_langchain": {"outputs", "tools"},
}
"""What is recorded but not yet understood: recording -> fields. Must become empty."""


def _marked(name: str, field: str) -> Any:
    reason = NOT_SAID.get((name, field)) or ("not yet" if field in NOT_YET.get(name, ()) else "")
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(name, field, marks=marks, id=f"{name}-{field}")


@cache
def _sessions(name: str) -> Mapping[str, Read]:
    return read_sessions(sessions_of(name))


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
