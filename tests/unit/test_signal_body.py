"""The body of the signal endpoint and the identity of a signal."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.signal_body import MAX_DEPTH, ReadSignal, read_signal
from pipeline.errors import BadRequest
from pipeline.model.signal import Signal, SignalKind, SignalSource

MINIMAL = {"session_id": "s", "kind": "feedback", "source": "human"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


def read(
    change: dict[str, Any] | None = None, project: str = "p", key: str | None = None
) -> ReadSignal:
    return read_signal(project, json.dumps(MINIMAL | (change or {})).encode(), key)


def signal(change: dict[str, Any] | None = None, **kwargs: Any) -> Signal:
    return read(change, **kwargs).signal


def test_all_fields() -> None:
    read_all = signal(
        {
            "trace_id": TRACE.upper(),
            "kind": "METRIC",
            "source": "Label",
            "trigger_name": "task-reward",
            "score": 1,
            "value": "text",
            "confidence": 0.5,
            "metadata": {"a": [1, None]},
            "timestamp_unix_nano": 1767225627860000001,
        }
    )
    assert read_all.model_dump(exclude={"identity"}) == {
        "project": "p",
        "session_id": "s",
        "trace_id": TRACE,
        "kind": SignalKind.METRIC,
        "source": SignalSource.LABEL,
        "trigger_name": "task-reward",
        "score": 1.0,
        "value": "text",
        "confidence": 0.5,
        "metadata": {"a": [1, None]},
        "timestamp": 1767225627860000001,
    }


@pytest.mark.parametrize("kind", [kind.value for kind in SignalKind])
@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title])
def test_kinds_in_any_case(kind: str, spell: Any) -> None:
    assert signal({"kind": spell(kind)}).kind == kind


def test_null_is_not_given_and_unknown_fields_are_counted() -> None:
    found = read({"score": None, "trace_id": None, "value": None, "colour": "red", "x": None})
    assert found.n_unknown_fields == 1
    assert found.signal.score is None


def test_ids_are_read_as_in_spans() -> None:
    assert signal({"session_id": 42}).session_id == "42"
    assert signal({"session_id": 42.0}).session_id == "42"
    assert signal({"session_id": " ", "trace_id": TRACE}).session_id is None


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (3, "3"), (True, "true"), ({"b": 1, "a": "ü"}, '{"a":"ü","b":1}'), ("", "")],
)
def test_a_value_that_is_no_string_is_kept_as_json(value: Any, text: str) -> None:
    assert signal({"value": value}).value == text


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("2026-01-01T00:00:00Z", 1767225600 * 10**9),
        ("2026-01-01T01:00:00.000001+01:00", 1767225600 * 10**9 + 1000),
        ("2026-01-01T00:00:00", 1767225600 * 10**9),
        ("1970-01-01", 0),
    ],
)
def test_iso_times(written: str, nanoseconds: int) -> None:
    assert signal({"timestamp": written}).timestamp == nanoseconds
    assert signal({"timestamp_unix_nano": str(nanoseconds)}).timestamp == nanoseconds


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"session_id": None}, "one of session_id and trace_id"),
        ({"session_id": ""}, "one of session_id and trace_id"),
        ({"session_id": ["canary"]}, "session_id is not a string"),
        ({"session_id": True}, "session_id is not a string"),
        ({"session_id": "x" * 513}, "longer than 512"),
        ({"trace_id": "canary"}, "32 hexadecimal"),
        ({"trace_id": "0" * 32}, "32 hexadecimal"),
        ({"kind": "canary"}, "kind is required, one of: feedback"),
        ({"kind": None}, "kind is required"),
        ({"source": 3}, "source is required, one of: human"),
        ({"score": 1.01}, "score is not a number from 0 to 1"),
        ({"score": -0.1}, "score"),
        ({"score": True}, "score"),
        ({"score": "0.5"}, "score"),
        ({"score": float("nan")}, "not finite"),
        ({"confidence": 2}, "confidence"),
        ({"metadata": []}, "metadata is not an object"),
        ({"metadata": {"x": "\0"}}, "NUL"),
        ({"value": "\ud800"}, "Unicode"),
        ({"timestamp": "yesterday"}, "ISO 8601"),
        ({"timestamp": 3}, "ISO 8601"),
        ({"timestamp": "1969-12-31T00:00:00Z"}, "1970"),
        ({"timestamp_unix_nano": 2**63}, "2262"),
        ({"timestamp_unix_nano": 1.5}, "integer"),
        ({"trigger_name": "x" * 513}, "trigger_name"),
        ({"id": "x" * 513}, "id longer than 512"),
    ],
)
def test_bad_fields_are_refused_with_the_reason_and_without_their_text(
    change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadRequest, match=reason) as refused:
        read(change)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"3", b"\xff", b"[" * 100_000, b'{"score": 1e999}', b'{"a": Infinity}'],
)
def test_bodies_that_are_no_object(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_signal("p", body)


def test_nesting_is_bounded() -> None:
    nested: Any = 1
    for _ in range(MAX_DEPTH + 1):
        nested = {"a": nested}
    with pytest.raises(BadRequest, match="nested"):
        read({"metadata": nested})


@pytest.mark.parametrize("project", ["", " ", "x" * 513, "a\0b"])
def test_bad_projects(project: str) -> None:
    with pytest.raises(BadRequest, match="path"):
        read(project=project)


def test_the_identity_of_the_same_content_is_the_same() -> None:
    again = {"source": "HUMAN", "kind": "Feedback", "colour": 1, "metadata": {"a": 1}}
    assert signal(again).identity == signal().identity
    assert signal({"score": 1}).identity == signal({"score": 1.0}).identity
    iso, nano = {"timestamp": "1970-01-01T00:00:01Z"}, {"timestamp_unix_nano": 10**9}
    assert signal(iso).identity == signal(nano).identity


@pytest.mark.parametrize(
    "change",
    [
        {"session_id": "other"},
        {"trace_id": TRACE},
        {"kind": "edit"},
        {"source": "label"},
        {"trigger_name": "t"},
        {"score": 0.5},
        {"value": "v"},
        {"timestamp_unix_nano": 0},
    ],
)
def test_the_identity_of_other_content_differs(change: dict[str, Any]) -> None:
    assert signal(change).identity != signal().identity


def test_a_given_key_is_the_identity_within_its_project() -> None:
    keyed = signal(key="k").identity
    assert signal({"score": 0.3}, key="k").identity == keyed
    assert signal({"id": "k"}).identity == keyed
    assert signal({"id": "other"}, key="k").identity == keyed
    assert signal(key="k", project="q").identity != keyed
    assert signal(key=" ").identity == signal().identity
    assert signal(project="q").identity != signal().identity


@given(st.binary(max_size=60))
def test_no_bytes_crash_it(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_signal("p", body)
