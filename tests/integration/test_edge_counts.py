"""Own counters on the real store: once, on every door, and only for what is done."""

import json
from pathlib import Path

import httpx
import pytest
from google.protobuf.json_format import MessageToDict

from exporter.otlp_kinds import LOGS, METRICS
from exporter.server import EdgeServer
from pipeline.model.session import SessionKey, SessionState
from pipeline.store import Store
from tests.integration.edge import SinkStore, channel, export, running
from tests.unit.otlp import request, span
from tests.unit.test_logs import logs, reasoning

pytestmark = pytest.mark.slow

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
SIGNAL = "/api/projects/default/signal"


def client_of(edge: EdgeServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge.http_port}")


def analyse(store: Store, session_id: str) -> None:
    key = SessionKey.of("default", session_id)
    clock = store.session_clock(key)
    assert clock is not None
    result = store.finish_session(
        *(key, clock.version),
        row=None,
        state=SessionState.SKIPPED,
        reason="x",
        engine_version="1",
    )
    assert result.done


async def test_late_is_what_comes_after_the_analysis_on_every_door(tmp_path: Path) -> None:
    def one(n: int) -> bytes:
        return request(span(n, session__id="s")).SerializeToString()

    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge, client_of(edge) as client:
            await export(edge, one(1))
            analyse(store, "s")
            await export(edge, one(2))
            assert edge.metrics["sessions_reopened"] == 1
            await client.post("/v1/traces", content=one(3), headers=PROTOBUF)
            await client.post("/v1/traces", content=one(3), headers=PROTOBUF)
            analyse(store, "s")
            said = {"session_id": "s", "kind": "feedback", "source": "human", "score": 0}
            await client.post(SIGNAL, json=said)
            page = (await client.get("/metrics")).text.splitlines()
    assert 'kelet_spans_total{outcome="accepted"} 4.0' in page
    assert 'kelet_spans_total{outcome="duplicate"} 1.0' in page
    assert 'kelet_spans_total{outcome="late"} 2.0' in page
    assert "kelet_sessions_reopened_total 2.0" in page


async def test_what_is_refused_is_not_counted_as_done_and_comes_again() -> None:
    store = SinkStore()
    said = logs(reasoning(), reasoning())
    said.resource_logs[0].scope_logs[0].log_records[1].ClearField("attributes")
    thumb = {"session_id": "s", "kind": "feedback", "source": "human", "score": 0}
    secret = thumb | {"explanation": "my key is ghp_" + "a1B2" * 9}
    async with running(store) as edge, channel(edge) as opened, client_of(edge) as client:
        export_logs = opened.unary_unary(f"/{LOGS.service}/Export")
        store.failing = True
        for _ in range(3):
            answer = await client.post("/v1/logs", content=b"", headers=PROTOBUF)
            assert answer.status_code == 200
            answer = await client.post("/v1/logs", json=MessageToDict(said))
            assert answer.status_code == 503
            assert (await client.post(SIGNAL, json=secret)).status_code == 503
        assert edge.metrics["requests_refused"] == 6
        assert not {"logs_discarded", "redactions", "signals_accepted"} & edge.metrics.sums().keys()
        store.failing = False
        await export_logs(said.SerializeToString())
        await client.post(SIGNAL, json=secret)
        assert edge.metrics["logs_discarded"] == 1
        assert edge.metrics["redactions"] == 1
        assert edge.metrics["signals_accepted"] == 1


async def test_records_that_are_none_are_counted_with_and_without_others_beside() -> None:
    said = MessageToDict(logs(reasoning()))
    good = said["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    bad = {"timeUnixNano": "no time"}
    async with running(SinkStore()) as edge, client_of(edge) as client:
        for records in ([bad, good], [bad]):
            said["resourceLogs"][0]["scopeLogs"][0]["logRecords"] = records
            answer = await client.post("/v1/logs", content=json.dumps(said), headers=JSON)
            assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
        assert edge.metrics["spans_rejected"] == 2
        assert edge.metrics["spans_accepted"] == 1
        await client.post("/v1/metrics", content=METRICS.request().SerializeToString())
        assert edge.metrics["requests_refused"] == 1
