"""OTLP over HTTP as clients meet it: every format and encoding, answers in the request's own format."""

import asyncio
import contextlib
import gzip
import json
import zlib
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from exporter.otlp_kinds import KINDS, LOGS, METRICS, TRACES
from exporter.server import EdgeServer
from exporter.settings import MIB
from tests.integration.edge import SinkStore, channel, export, running
from tests.unit.otlp import request, span
from tests.unit.test_logs import logs, reasoning
from tests.waiting import until

pytestmark = pytest.mark.slow

PROTOBUF, JSON = {"content-type": "application/x-protobuf"}, {"content-type": "application/json"}
GOOD = request(span(1, session__id="s"), span(2, parent=1)).SerializeToString()
PATHS = [f"/{prefix}/{kind.name}" for kind in KINDS for prefix in ("v1", "api")]


def as_json(message: ExportTraceServiceRequest) -> dict[str, Any]:
    """OTLP/JSON: ids in hex."""
    given = MessageToDict(message)
    for found in given["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        source = message.resource_spans[0].scope_spans[0].spans[0]
        found["traceId"] = source.trace_id.hex()
        found["spanId"] = found["spanId"] and f"{1:016x}"
    return given


@contextlib.asynccontextmanager
async def http(store: SinkStore, **changes: Any) -> AsyncGenerator[httpx.AsyncClient]:
    async with running(store, **changes) as edge, client_of(edge) as client:
        yield client


def client_of(edge: EdgeServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge.http_port}", trust_env=False)


async def test_protobuf_in_every_encoding() -> None:
    store = SinkStore()
    encodings = {
        "gzip": gzip.compress(GOOD),
        "x-gzip": gzip.compress(GOOD),
        "deflate": zlib.compress(GOOD),
        "identity": GOOD,
        "": GOOD,
    }
    async with http(store) as client:
        for path in ("/v1/traces", "/api/traces"):
            for encoding, body in encodings.items():
                headers = PROTOBUF | ({"content-encoding": encoding} if encoding else {})
                answer = await client.post(path, content=body, headers=headers)
                assert (answer.status_code, answer.content) == (200, b"")
                assert answer.headers["content-type"] == "application/x-protobuf"
    assert len(store.spans) == 2 * 2 * len(encodings)
    assert {s.body for s in store.spans} == {
        s.SerializeToString() for s in (span(1, session__id="s"), span(2, parent=1))
    }


async def test_json_says_the_same_as_protobuf() -> None:
    store = SinkStore()
    message = request(span(1, session__id="s", number=3, ratio=0.5, yes=True), service__name="app")
    given = as_json(message)
    given["novel"] = {"field": 1}
    async with http(store) as client:
        plain = await client.post("/v1/traces", json=given)
        packed = await client.post(
            "/v1/traces",
            content=gzip.compress(json.dumps(given).encode()),
            headers=JSON | {"content-encoding": "gzip"},
        )
        await client.post("/v1/traces", content=message.SerializeToString(), headers=PROTOBUF)
        assert (await client.post("/v1/traces", json={})).json() == {}
    assert [answer.json() for answer in (plain, packed)] == [{}, {}]
    assert plain.headers["content-type"] == "application/json"
    assert len(store.spans) == 3
    assert len(set(store.spans)) == 1


async def test_the_project_of_a_request_comes_from_its_headers() -> None:
    store = SinkStore()
    async with http(store, default_project="fallback") as client:
        for headers in ({}, {"X-Kelet-Project": "a"}, {"baggage": "kelet.project=b"}):
            await client.post("/v1/traces", content=GOOD, headers=PROTOBUF | headers)
    assert [s.fallback_project for s in store.spans[::2]] == ["fallback", "a", "b"]


async def test_bad_spans_are_a_partial_success() -> None:
    bad = request(span(1), span(0)).SerializeToString()
    given = as_json(request(span(1), span(2)))
    given["resourceSpans"][0]["scopeSpans"][0]["spans"][1]["traceId"] = "canary"
    async with http(SinkStore()) as client:
        answer = await client.post("/v1/traces", content=bad, headers=PROTOBUF)
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
        assert (answer.status_code, partial.rejected_spans) == (200, 1)
        assert "an invalid span id" in partial.error_message
        told = (await client.post("/v1/traces", json=given)).json()["partialSuccess"]
    assert told["rejectedSpans"] == "1"
    assert "spans[1].traceId" in told["errorMessage"]
    assert "canary" not in told["errorMessage"]


@pytest.mark.parametrize("path", PATHS)
async def test_refusals_are_a_status_in_the_format_of_the_request(path: str) -> None:
    async with http(SinkStore()) as client:
        answer = await client.post(path, content=b"canary \xff", headers=PROTOBUF)
        status = Status.FromString(answer.content)
        assert (answer.status_code, status.code) == (400, grpc.StatusCode.INVALID_ARGUMENT.value[0])
        assert "canary" not in status.message
        assert answer.headers["content-type"] == "application/x-protobuf"
        answer = await client.post(path, content=b'{"canary": ', headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, 3)
        assert answer.headers["content-type"] == "application/json"
        answer = await client.post(path, content=b"x", headers={"content-type": "text/plain"})
        assert (answer.status_code, answer.json()["code"]) == (415, 3)
        answer = await client.post(path, content=b"x", headers=JSON | {"content-encoding": "br"})
        assert (answer.status_code, "gzip, deflate" in answer.json()["message"]) == (415, True)
        answer = await client.post(
            path, content=b"x" * 9, headers=JSON | {"content-encoding": "gzip"}
        )
        assert (answer.status_code, answer.json()["message"]) == (400, "the body is not gzip")
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (
            405,
            12,
            "POST",
        )


async def test_a_path_that_is_not_there_says_where_to_send() -> None:
    async with http(SinkStore()) as client:
        for path in ("/", "/v1/trace", "/v1/traces/", "/v1/traces/v1/traces"):
            answer = await client.post(path, content=GOOD, headers=PROTOBUF)
            status = Status.FromString(answer.content)
            assert (answer.status_code, status.code) == (404, grpc.StatusCode.NOT_FOUND.value[0])
            assert "POST at /v1/traces, /v1/logs" in status.message
            assert answer.headers["content-type"] == "application/x-protobuf"
        assert (await client.post("/", json={})).json()["code"] == 5


async def test_a_bomb_and_a_giant_name_limit_and_setting() -> None:
    store = SinkStore()
    async with http(store, max_request_bytes=MIB, max_decompressed_bytes=2 * MIB) as client:
        bomb = gzip.compress(bytes(200 * MIB))
        headers = PROTOBUF | {"content-encoding": "gzip"}
        answer = await client.post("/v1/traces", content=bomb, headers=headers)
        assert answer.status_code == 413
        assert f"max_decompressed_bytes = {2 * MIB}" in Status.FromString(answer.content).message

        async def giant() -> AsyncGenerator[bytes]:
            for _ in range(64):
                yield bytes(MIB // 16)

        for content in (bytes(4 * MIB), giant()):
            answer = await client.post("/v1/traces", content=content, headers=PROTOBUF)
            assert answer.status_code == 413
            assert f"max_request_bytes = {MIB}" in Status.FromString(answer.content).message
        assert (await client.post("/v1/traces", content=GOOD, headers=PROTOBUF)).is_success
    assert len(store.spans) == 2


async def test_json_that_would_take_the_memory_is_not_read() -> None:
    store = SinkStore()
    many = b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * 400_000 + b"{}]}]}]}"
    async with http(store, max_json_bytes=2 * MIB) as client:
        answer = await client.post("/v1/traces", content=many, headers=JSON)
        assert (answer.status_code, "400000 objects" in answer.json()["message"]) == (413, True)
        names = b"{" + b'"":1,' * 500_000 + b'"":1}'
    async with http(store) as client:
        answer = await client.post("/v1/traces", content=names, headers=JSON)
        assert (answer.status_code, "500000 names" in answer.json()["message"]) == (413, True)
    async with http(store, max_json_bytes=2 * MIB) as client:
        long = json.dumps(as_json(request(span(text="x" * 2 * MIB)))).encode()
        packed = JSON | {"content-encoding": "gzip"}
        for content, headers in ((long, JSON), (gzip.compress(long), packed)):
            answer = await client.post("/v1/traces", content=content, headers=headers)
            assert answer.status_code == 413
            assert f"max_json_bytes = {2 * MIB}" in answer.json()["message"]
        assert (await client.post("/v1/traces", json=as_json(request(span(1))))).is_success
    assert len(store.spans) == 1


async def test_overload_and_outage_say_when_to_come_back() -> None:
    store = SinkStore()
    store.free.clear()
    async with running(store, max_in_flight_requests=1) as edge, client_of(edge) as client:
        held = asyncio.create_task(export(edge, GOOD))
        await store.is_asked()
        busy = await client.post("/v1/traces", content=GOOD, headers=PROTOBUF)
        assert (busy.status_code, busy.headers["retry-after"]) == (429, "1")
        assert Status.FromString(busy.content).code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
        store.free.set()
        await held
        store.failing = True
        down = await client.post("/v1/traces", json=as_json(request(span(1))))
        assert (down.status_code, down.headers["retry-after"]) == (503, "1")
        assert down.json()["code"] == grpc.StatusCode.UNAVAILABLE.value[0]
        assert edge.metrics["requests_refused"] == 2


async def test_a_slow_body_counts_while_it_comes() -> None:
    """Bytes that wait for the rest of their body are in flight."""
    store = SinkStore()
    more = asyncio.Event()

    async def slow() -> AsyncGenerator[bytes]:
        yield bytes(MIB)
        await more.wait()
        yield b""

    limits = {"max_request_bytes": MIB, "max_in_flight_bytes": MIB + 10}
    async with http(store, **limits) as client:
        first = asyncio.create_task(client.post("/v1/traces", content=slow(), headers=PROTOBUF))

        async def holds() -> bool:
            return "kelet_in_flight_bytes 1.048576e+06" in (await client.get("/metrics")).text

        await until(holds)
        answer = await client.post("/v1/traces", content=GOOD, headers=PROTOBUF)
        assert answer.status_code == 429
        more.set()
        await first
        assert (await client.post("/v1/traces", content=GOOD, headers=PROTOBUF)).is_success


async def test_a_body_that_stops_in_the_middle_gives_its_room_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("exporter.http_body.PATIENCE", timedelta(seconds=1))
    store = SinkStore()

    async def stuck() -> AsyncGenerator[bytes]:
        yield GOOD
        await asyncio.sleep(20)

    async with http(store, max_in_flight_requests=1) as client:
        answer = await client.post("/v1/traces", content=stuck(), headers=PROTOBUF)
        assert answer.status_code == 400
        assert "did not come within 1 s" in Status.FromString(answer.content).message
        assert (await client.post("/v1/traces", content=GOOD, headers=PROTOBUF)).is_success


async def test_signals_may_be_packed_too() -> None:
    store = SinkStore()
    signal = {"session_id": "s", "kind": "feedback", "source": "human", "score": 0}
    path, body = "/api/projects/p/signal", json.dumps(signal).encode()
    async with http(store) as client:
        for encoding, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
            answer = await client.post(path, content=packed, headers={"content-encoding": encoding})
            assert answer.status_code == 202
        bomb = gzip.compress(bytes(50 * MIB))
        answer = await client.post(path, content=bomb, headers={"content-encoding": "gzip"})
        assert (answer.status_code, answer.json()["code"]) == (413, "limit_exceeded")
    assert len(store.signals) == 1


async def test_logs_and_metrics_through_both_doors() -> None:
    store = SinkStore()
    said = logs(reasoning(), reasoning(), kelet__project="shop")
    said.resource_logs[0].scope_logs[0].log_records[1].ClearField("attributes")
    metrics = METRICS.request()
    metrics.ParseFromString(b"\n\x04\x12\x02\x12\x00")
    async with running(store) as edge, client_of(edge) as client, channel(edge) as opened:
        for kind, message in ((LOGS, said), (METRICS, metrics)):
            body = message.SerializeToString()
            for prefix in ("/v1", "/api"):
                path = f"{prefix}/{kind.name}"
                answer = await client.post(path, content=body, headers=PROTOBUF)
                assert (answer.status_code, answer.content) == (200, b"")
                answer = await client.post(path, json=MessageToDict(message))
                assert (answer.status_code, answer.json()) == (200, {})
            assert await opened.unary_unary(f"/{kind.service}/Export")(body) == b""
        assert edge.metrics["logs_discarded"] == 5
        assert edge.metrics["metrics_discarded"] == 5
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await opened.unary_unary(f"/{LOGS.service}/Export")(b"\xff")
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert len(store.spans) == 5
    assert {(s.own_session, s.fallback_project) for s in store.spans} == {("s", "shop")}
    assert len({(s.trace_id, s.span_id) for s in store.spans}) == 1


async def test_a_log_whose_session_cannot_be_is_a_partial_success() -> None:
    said: ExportLogsServiceRequest = logs(reasoning(**{"session.id": "x" * 600}))
    async with http(SinkStore()) as client:
        answer = await client.post("/v1/logs", content=said.SerializeToString(), headers=PROTOBUF)
    told: Any = LOGS.response.FromString(answer.content)
    assert told.partial_success.rejected_log_records == 1
    assert TRACES.rejected_field == "rejected_spans"
