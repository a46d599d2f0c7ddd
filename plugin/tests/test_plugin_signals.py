"""Signals over HTTP: their form, their key, and what happens when the sidecar will not have them."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import kelet_temporal as kelet
import pytest
from kelet_stage import SignalDoor, Spans
from kelet_temporal import settings, signals
from kelet_temporal.settings import resolve_settings, set_settings
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment


async def test_a_signal_is_of_the_current_session(spans: Spans, door: SignalDoor) -> None:
    with kelet.agentic_session(session_id="s", project="shop"):
        await kelet.signal(
            "FEEDBACK",
            kelet.SignalSource.HUMAN,
            score=0.25,
            value={"stars": 2},
            trigger_name="rating",
            timestamp=datetime(2026, 1, 2, tzinfo=UTC),
        )
    ((path, key, body),) = door.received
    assert path == "/api/projects/shop/signal"
    assert len(key) == 64
    assert body == {
        "kind": "feedback",
        "source": "human",
        "session_id": "s",
        "score": 0.25,
        "value": '{"stars": 2}',
        "trigger_name": "rating",
        "timestamp": "2026-01-02T00:00:00+00:00",
    }


async def test_a_retry_is_the_same_signal(
    spans: Spans, door: SignalDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "_BACKOFF", timedelta(0))
    door.answers = [503, 429, 200]
    await kelet.signal("event", "synthetic", session_id="s")
    await kelet.signal("event", "synthetic", session_id="s")
    keys = [key for _, key, _ in door.received]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


async def test_a_refusal_is_not_repeated(
    spans: Spans, door: SignalDoor, caplog: pytest.LogCaptureFixture
) -> None:
    door.answers = [403, 403]
    with caplog.at_level(logging.WARNING):
        await kelet.signal("event", "human", session_id="s", value="secret")
    assert "403" in caplog.text
    assert "secret" not in caplog.text
    with pytest.raises(kelet.SignalNotSent):
        await kelet.signal("event", "human", session_id="s", raise_on_failure=True)
    assert len(door.received) == 2


async def test_a_trace_will_do_and_nothing_will_not(spans: Spans, door: SignalDoor) -> None:
    from opentelemetry import trace

    with trace.get_tracer("app").start_as_current_span("root"):
        await kelet.signal("metric", "label", score=1)
        trace_id = kelet.get_trace_id()
    assert door.received[0][2]["trace_id"] == trace_id
    with pytest.raises(ValueError, match="session_id or trace_id"):
        await kelet.signal("metric", "label")
    with pytest.raises(ValueError, match="score"):
        await kelet.signal("metric", "label", session_id="s", score=2)


def test_sync_code_has_its_own_way(spans: Spans, door: SignalDoor) -> None:
    with kelet.agentic_session(session_id="s"):
        kelet.signal_sync("edit", "human", value="shorter")
    assert door.received[0][2]["value"] == "shorter"


async def test_async_code_is_told_to_await(spans: Spans, door: SignalDoor) -> None:
    with pytest.raises(TypeError, match="await signal"):
        kelet.signal_sync("edit", "human", session_id="s")
    assert door.received == []


async def test_unconfigured_it_is_dropped_and_said_once(
    door: SignalDoor, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KELET_API_KEY", raising=False)
    monkeypatch.delenv("KELET_OTLP_ENDPOINT", raising=False)
    monkeypatch.setenv("KELET_API_URL", door.url)
    set_settings(None)
    monkeypatch.setattr(settings, "_told", False)
    for _ in range(2):
        await kelet.signal("event", "human", session_id="s", raise_on_failure=True)
    assert door.received == []
    assert caplog.text.count("no signals are sent: a key is required") == 1


async def test_the_environment_alone_will_do(
    door: SignalDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a provider exports by itself there is no need of `configure`, nor is there for signals."""
    set_settings(None)
    for name, value in {"API_KEY": "sk-1\n", "API_URL": door.url, "PROJECT": "shop"}.items():
        monkeypatch.setenv(f"KELET_{name}", value)
    await kelet.signal("event", "human", session_id="s", raise_on_failure=True)
    assert [path for path, _, _ in door.received] == ["/api/projects/shop/signal"]


async def test_who_answers_no_http_is_no_sidecar(spans: Spans) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail at your service\r\n")
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        set_settings(resolve_settings(api_key="k", base_url=f"http://127.0.0.1:{port}"))
        with pytest.raises(kelet.SignalNotSent):
            await kelet.signal("event", "human", session_id="s", raise_on_failure=True)


async def test_a_score_of_any_make_is_a_number(spans: Spans, door: SignalDoor) -> None:
    score: Any = Decimal("0.25")
    await kelet.signal("metric", "label", session_id="s", score=score, confidence=score)
    ((_, _, body),) = door.received
    assert body["score"] == body["confidence"] == 0.25


@pytest.mark.parametrize(("answer", "loud", "raises"), [(403, True, True), (403, False, False)])
async def test_the_activity_decides_once(
    spans: Spans, door: SignalDoor, answer: int, loud: bool, raises: bool
) -> None:
    door.answers = [answer]
    environment = ActivityEnvironment()
    call = environment.run(signals.send_signal, "shop", "k", {"session_id": "s"}, loud)
    if raises:
        with pytest.raises(ApplicationError) as raised:
            await call
        assert raised.value.non_retryable
    else:
        await call
    assert door.received[0][:2] == ("/api/projects/shop/signal", "k")


async def test_the_activity_drops_what_has_no_session(
    spans: Spans, door: SignalDoor, caplog: pytest.LogCaptureFixture
) -> None:
    await ActivityEnvironment().run(signals.send_signal, "shop", "k", {"kind": "event"}, True)
    assert "no session" in caplog.text
    assert door.received == []


async def test_the_activity_lets_temporal_retry_what_may_pass(
    spans: Spans, door: SignalDoor
) -> None:
    door.answers = [503]
    with pytest.raises(ApplicationError) as raised:
        await ActivityEnvironment().run(signals.send_signal, None, "k", {"trace_id": "t"}, False)
    assert not raised.value.non_retryable
