"""Whatever a caller calls a session, a user or a piece of metadata: his work goes on, and it arrives."""

from __future__ import annotations

import json
import uuid
from typing import Any

import kelet_temporal as kelet
import pytest
from kelet_stage import Spans
from kelet_temporal.headers import read_session, with_session
from kelet_temporal.names import METADATA_HEADER
from kelet_temporal.session import current_session
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

_LOOP: dict[str, Any] = {}
_LOOP["itself"] = _LOOP


class Untold:
    def __str__(self) -> str:
        raise RuntimeError("not to be told")


def _draw() -> None:
    with trace.get_tracer("app").start_as_current_span("work"):
        pass


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (17, "17"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        ("a\ud800b", "a\\ud800b"),
        ("größe\n用户", "größe\n用户"),
        ("x" * 10_000, "x" * 10_000),
    ],
    ids=["a number", "a UUID", "half a character", "beyond ASCII", "a long one"],
)
def test_an_id_is_text_everywhere(spans: Spans, given: Any, told: str) -> None:
    with kelet.agentic_session(session_id=given, user_id=given):
        assert kelet.get_session_id() == kelet.get_user_id() == told
        sent = read_session(with_session({}, current_session()))
        propagate.inject({})
        _draw()
    assert sent
    assert sent.session_id == sent.user_id == told
    assert spans.named("work")[0]["gen_ai.conversation.id"] == told
    encode_spans(spans.all())


def test_an_empty_id_is_none(spans: Spans) -> None:
    with kelet.agentic_session(session_id="", user_id=""):
        assert kelet.get_session_id() is None
        _draw()
    assert spans.named("work") == [{"kelet.project": "app"}]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (2**70, str(2**70)),
        ({(1, 2): 3}, '"{(1, 2): 3}"'),
        ({1: 2, "a": 3}, "\"{1: 2, 'a': 3}\""),
        (_LOOP, "\"{'itself': {...}}\""),
        (Untold(), '"<Untold>"'),
        (["fine", Untold()], '["fine","<Untold>"]'),
        ("a\ud800b", "a\\ud800b"),
        (float("nan"), None),
    ],
    ids=["great", "odd keys", "mixed keys", "circular", "untold", "nested", "half", "no number"],
)
def test_no_metadata_fails_the_work(
    spans: Spans, given: Any, told: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with kelet.agentic_session(session_id="s", odd=given, even=2):
        assert kelet.get_metadata_kwargs()["odd"] is given
        headers = with_session({}, current_session())
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        _draw()
    assert kelet.get_session_id() is None
    assert "kelet.session_id=s" in carrier["baggage"]
    metadata = json.loads(headers[METADATA_HEADER].data, parse_constant=pytest.fail)
    assert metadata["even"] == 2
    (drawn,) = spans.named("work")
    assert told is None or drawn["metadata.odd"] == told
    encode_spans(spans.all())
    assert "Failed to encode" not in caplog.text
