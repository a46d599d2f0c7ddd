"""Clocks that are wrong and spans that are late, through both doors to the real store."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from pipeline.model.session import SessionKey, SessionState
from pipeline.store import Store
from tests.integration.edge import export, running
from tests.store.storekit import Clock
from tests.unit.otlp import request, span

pytestmark = pytest.mark.slow

DAY = 24 * 3600 * 10**9
NOW = 1_767_225_600 * 10**9
KEY = SessionKey.of("default", "s")
FAR = 2**63 - 1


async def test_clocks_that_differ_lose_nothing(tmp_path: Path) -> None:
    """Before its parent, after the end of time, backwards, at zero: all are of the session."""
    times = [(NOW, NOW + 5), (NOW - DAY, NOW), (NOW + DAY, NOW), (0, 0), (FAR, FAR), (FAR, 0)]
    spans = [
        span(n, parent=n - 1 or None, start=start, end=end)
        for n, (start, end) in enumerate(times, start=1)
    ]
    spans[0].attributes.extend(span(session__id="s").attributes)
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge:
            answer = await export(edge, request(*spans).SerializeToString())
            assert answer == b""
            beyond = span(9, start=2**63, end=2**63)
            answer = await export(edge, request(beyond).SerializeToString())
            partial = ExportTraceServiceResponse.FromString(answer).partial_success
            assert (partial.rejected_spans, "2262" in partial.error_message) == (1, True)
        found = {s.span_id: (s.start, s.end) for s in store.load_spans(KEY).spans}
    assert len(found) == len(times)
    assert all(end >= start for start, end in found.values())


async def test_negative_times_cost_only_their_span(tmp_path: Path) -> None:
    good = {"traceId": "ab" * 16, "spanId": "cd" * 8, "startTimeUnixNano": "5"}
    named = {"key": "session.id", "value": {"stringValue": "s"}}
    bad: dict[str, Any] = good | {"spanId": "ef" * 8, "startTimeUnixNano": "-5"}
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [good | {"attributes": [named]}, bad]}]}]}
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge, httpx.AsyncClient(trust_env=False) as client:
            url = f"http://127.0.0.1:{edge.http_port}/v1/traces"
            headers = {"content-type": "application/json"}
            answer = await client.post(url, content=json.dumps(body), headers=headers)
            assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
        assert len(store.load_spans(KEY).spans) == 1


async def test_a_span_a_day_late_opens_its_session_again(tmp_path: Path) -> None:
    clock = Clock()
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}", clock=clock) as store:
        async with running(store) as edge:
            early = span(1, session__id="s", start=NOW, end=NOW + 5)
            await export(edge, request(early).SerializeToString())
            version = store.load_spans(KEY).version
            done = store.finish_session(
                KEY, version, row=None, state=SessionState.SKIPPED, reason="x", engine_version="1"
            )
            assert done.done
            clock.tick(days=1)
            late = span(2, parent=1, start=NOW + 1, end=NOW + 2)
            await export(edge, request(late).SerializeToString())
        again = store.session_clock(KEY)
        assert again is not None
        assert again.version > again.analysed_version == version
        assert again.silent_for.total_seconds() == 0
        assert len(store.load_spans(KEY).spans) == 2
