"""The edge as clients meet it: real gRPC and HTTP servers; the store fails and stalls on demand."""

import asyncio
import logging
from datetime import timedelta
from typing import Any, cast

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from temporalio.client import Client

from exporter.otlp_grpc import STATUS_DETAILS
from exporter.otlp_kinds import KINDS
from exporter.server import CannotListen, EdgeServer, EdgeStore
from exporter.settings import MIB
from pipeline.config import Config
from tests.integration.edge import (
    EXPORT,
    SinkStore,
    channel,
    export,
    free_port,
    running,
    small_settings,
)
from tests.unit.otlp import request, span
from tests.waiting import until

pytestmark = pytest.mark.slow

CODE = grpc.StatusCode
GOOD = request(span(1, session__id="s")).SerializeToString()
HealthStub = cast("Any", health_pb2_grpc.HealthStub)
ReflectionStub = cast("Any", reflection_pb2_grpc.ServerReflectionStub)
Health = health_pb2.HealthCheckResponse


async def refused(edge: EdgeServer, body: bytes) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await export(edge, body)
    return caught.value


async def test_an_acknowledged_request_is_stored() -> None:
    store = SinkStore()
    async with running(store) as edge:
        assert ExportTraceServiceResponse.FromString(await export(edge, GOOD)) == (
            ExportTraceServiceResponse()
        )
        await export(edge, b"")
    assert [record.own_session for record in store.spans] == ["s"]
    assert edge.metrics["spans_accepted"] == 1


async def test_the_ack_waits_for_the_commit() -> None:
    store = SinkStore()
    store.free.clear()
    async with running(store) as edge:
        call = asyncio.create_task(export(edge, GOOD))
        done, _ = await asyncio.wait({call}, timeout=0.3)
        assert not done
        store.free.set()
        await call
    assert len(store.spans) == 1


async def test_a_malformed_body_is_an_invalid_argument_and_harms_nothing() -> None:
    store = SinkStore()
    async with running(store) as edge:
        error = await refused(edge, b"canary \xff")
        assert (error.code(), "canary" in str(error.details())) == (CODE.INVALID_ARGUMENT, False)
        await export(edge, GOOD)
    assert len(store.spans) == 1


async def test_bad_spans_are_a_partial_success() -> None:
    store = SinkStore()
    body = request(span(1), span(0), span(2, session__id="x" * 600)).SerializeToString()
    async with running(store) as edge:
        partial = ExportTraceServiceResponse.FromString(await export(edge, body)).partial_success
        assert edge.metrics["spans_rejected"] == 2
    assert partial.rejected_spans == 2
    assert "1 with an invalid span id" in partial.error_message
    assert "longer than 512" in partial.error_message
    assert len(store.spans) == 1


async def test_the_project_of_a_request() -> None:
    store = SinkStore()
    async with running(store, default_project="fallback") as edge:
        await export(edge, GOOD)
        await export(edge, GOOD, metadata=(("x-kelet-project", "named"),))
        both = (("x-kelet-project", "named"), ("baggage", "kelet.project=my%20shop"))
        await export(edge, GOOD, metadata=both)
    assert [s.fallback_project for s in store.spans] == ["fallback", "named", "my shop"]


async def test_a_failing_store_is_unavailable_and_the_retry_succeeds() -> None:
    store = SinkStore()
    store.failing = True
    async with running(store) as edge:
        assert (await refused(edge, GOOD)).code() == CODE.UNAVAILABLE
        store.failing = False
        await export(edge, GOOD)
    assert len(store.spans) == 1


async def test_a_defect_is_unavailable_too_and_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = SinkStore()

    def broken(*_: object) -> None:
        text = request(span(text="canary")).SerializeToString()
        raise ValueError(text)

    store.submit_spans = cast("Any", broken)
    async with running(store) as edge:
        with caplog.at_level(logging.DEBUG):
            error = await refused(edge, GOOD)
    assert error.code() == CODE.UNAVAILABLE
    assert "canary" not in f"{error.details()}{caplog.text}"
    assert "ValueError" in caplog.text


async def test_overload_asks_to_come_back_with_retry_info() -> None:
    store = SinkStore()
    store.free.clear()
    pause = timedelta(seconds=2)
    async with running(store, max_in_flight_requests=1, retry_after=pause) as edge:
        first = asyncio.create_task(export(edge, GOOD))
        await store.is_asked()
        error = await refused(edge, GOOD)
        store.free.set()
        await first
        await export(edge, GOOD)
    assert error.code() == CODE.RESOURCE_EXHAUSTED
    details = dict(error.trailing_metadata() or ())[STATUS_DETAILS]
    assert isinstance(details, bytes)
    info = RetryInfo()
    assert Status.FromString(details).details[0].Unpack(info)
    assert info.retry_delay.ToTimedelta() == pause
    assert len(store.spans) == 2


async def test_a_caller_who_hangs_up_does_not_lose_what_was_begun() -> None:
    store = SinkStore()
    store.free.clear()
    async with running(store) as edge:
        call = asyncio.create_task(export(edge, GOOD))
        await store.is_asked()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        store.free.set()
    assert len(store.spans) == 1


async def test_an_oversized_request_names_limit_and_setting() -> None:
    store = SinkStore()
    async with running(store, max_request_bytes=MIB) as edge:
        error = await refused(edge, request(span(text="x" * 2 * MIB)).SerializeToString())
        assert error.code() == CODE.INVALID_ARGUMENT
        assert f"max_request_bytes = {MIB}" in str(error.details())
        await export(edge, request(span(text="x" * (MIB - 200))).SerializeToString())


async def test_gzip_is_accepted_and_its_bomb_is_not() -> None:
    store = SinkStore()
    async with running(store, max_request_bytes=MIB) as edge:
        await export(edge, GOOD, compression=grpc.Compression.Gzip)
        bomb = request(span(text="x" * 100 * MIB)).SerializeToString()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await export(edge, bomb, compression=grpc.Compression.Gzip)
        assert caught.value.code() in {CODE.RESOURCE_EXHAUSTED, CODE.INVALID_ARGUMENT}
        await export(edge, GOOD)
    assert len(store.spans) == 2


async def test_a_stop_finishes_what_is_in_flight_and_frees_the_ports() -> None:
    store = SinkStore()
    store.free.clear()
    async with running(store) as edge:
        call = asyncio.create_task(export(edge, GOOD))
        await store.is_asked()
        async with channel(edge) as opened:
            watch = HealthStub(opened).Watch(health_pb2.HealthCheckRequest())
            await anext(aiter(watch))
            stop = asyncio.create_task(edge.stop())
            await asyncio.sleep(0.2)
            store.free.set()
            await asyncio.wait_for(stop, 30)
        assert await call == b""
    ports = edge.grpc_port, edge.http_port
    async with running(store, grpc_port=ports[0], http_port=ports[1]) as edge:
        await export(edge, GOOD)


async def test_health_by_component() -> None:
    store = SinkStore()
    async with running(store) as edge, channel(edge) as opened:
        health = HealthStub(opened)

        async def status(name: str) -> Health.ServingStatus:
            return (await health.Check(health_pb2.HealthCheckRequest(service=name))).status

        async def becomes(name: str, expected: Health.ServingStatus) -> None:
            async with asyncio.timeout(5):
                async for seen in health.Watch(health_pb2.HealthCheckRequest(service=name)):
                    if seen.status == expected:
                        return

        assert [await status(name) for name in ("", "otlp", "store")] == [Health.SERVING] * 3
        assert [await status(name) for name in ("temporal", "worker")] == [Health.NOT_SERVING] * 2
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await status("nonsense")
        assert caught.value.code() == CODE.NOT_FOUND
        store.failing = True
        await becomes("store", Health.NOT_SERVING)
        assert (await status(""), await status("otlp")) == (Health.NOT_SERVING, Health.SERVING)
        store.failing = False
        await becomes("", Health.SERVING)


async def test_reflection_lists_and_describes_the_services() -> None:
    async with running(SinkStore()) as edge, channel(edge) as opened:
        stub = ReflectionStub(opened)
        trace_service = EXPORT.split("/")[1]
        asked = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol=trace_service),
        ]
        call = stub.ServerReflectionInfo()
        answers = []
        for question in asked:
            await call.write(question)
            answers.append(await call.read())
        await call.done_writing()
    assert {s.name for s in answers[0].list_services_response.service} == {
        *(kind.service for kind in KINDS),
        "exporter.rpc.v1.StatusService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    assert (
        b"ExportTraceServiceRequest" in answers[1].file_descriptor_response.file_descriptor_proto[0]
    )


async def test_signals_over_http() -> None:
    store = SinkStore()
    body = {"session_id": "s", "kind": "FeedBack", "source": "HUMAN", "score": 0, "colour": 1}
    async with running(store) as edge:
        base = f"http://127.0.0.1:{edge.http_port}"
        async with httpx.AsyncClient(base_url=base) as client:
            path = "/api/projects/my%20shop/signal"
            first, second = [await client.post(path, json=body) for _ in range(2)]
            assert (first.status_code, first.json()["status"]) == (202, "stored")
            assert (second.status_code, second.json()["status"]) == (202, "known")
            assert first.json()["ignored_fields"] == 1
            keyed = [
                await client.post(path, json=body | {"score": n}, headers={"Idempotency-Key": "k"})
                for n in (0, 1)
            ]
            assert [answer.json()["status"] for answer in keyed] == ["stored", "known"]
            bad = await client.post(path, json=body | {"kind": "canary"})
            assert (bad.status_code, bad.json()["code"]) == (400, "bad_request")
            assert "kind" in bad.json()["message"]
            assert "canary" not in bad.text
            large = await client.post(path, content=b"x" * (MIB + 1))
            assert (large.status_code, large.json()["code"]) == (413, "limit_exceeded")
            assert (await client.get(path)).status_code == 405
            store.failing = True
            failed = await client.post(path, json=body)
            assert (failed.status_code, failed.json()["code"]) == (503, "store_unavailable")
        assert edge.metrics["signal_fields_ignored"] == 4
    assert {signal.project for signal in store.signals.values()} == {"my shop"}
    assert len(store.signals) == 2


async def test_overload_over_http_says_when_to_come_back() -> None:
    store = SinkStore()
    store.free.clear()
    body = {"session_id": "s", "kind": "event", "source": "human"}
    async with running(store, max_in_flight_requests=1) as edge, httpx.AsyncClient() as client:
        held = asyncio.create_task(export(edge, GOOD))
        await store.is_asked()
        url = f"http://127.0.0.1:{edge.http_port}/api/projects/p/signal"
        busy = await client.post(url, json=body)
        assert (busy.status_code, busy.headers["retry-after"]) == (429, "1")
        store.free.set()
        await held
        assert (await client.post(url, json=body)).status_code == 202


async def test_healthz() -> None:
    store = SinkStore()
    async with running(store) as edge:
        url = f"http://127.0.0.1:{edge.http_port}/healthz"
        async with httpx.AsyncClient() as client:
            answer = await client.get(url)
            assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
            store.failing = True
            await until(lambda: not edge.board.serving)
            answer = await client.get(url)
            assert (answer.status_code, answer.json()["status"]) == (503, "down")


@pytest.mark.parametrize("option", ["grpc_port", "http_port"])
async def test_a_port_that_is_taken_is_told_with_what_to_do(option: str) -> None:
    async with running(SinkStore()) as edge:
        client = await Client.connect("127.0.0.1:1", lazy=True)
        ports = {"grpc_port": free_port(), "http_port": free_port()}
        taken = ports | {option: getattr(edge, option)}
        store = cast("EdgeStore", SinkStore())
        second = EdgeServer(store, client, Config(), small_settings(**taken))
        with pytest.raises(CannotListen, match=f"--{option.replace('_', '-')}"):
            await second.start()
        third = EdgeServer(store, client, Config(), small_settings(**ports))
        await third.start()
        await third.stop()


async def test_real_exports_come_through_whole() -> None:
    """A request as large instrumentation sends it, through gRPC, byte for byte."""
    store = SinkStore()
    spans = [span(n, parent=n - 1, session__id="s", text="ü" * 2000) for n in range(1, 400)]
    message = request(*spans)
    async with running(store) as edge:
        await export(edge, message.SerializeToString())
    rebuilt = ExportTraceServiceRequest()
    rebuilt.CopyFrom(message)
    del rebuilt.resource_spans[0].scope_spans[0].spans[:]
    for record in store.spans:
        rebuilt.resource_spans[0].scope_spans[0].spans.add().ParseFromString(record.body)
    assert rebuilt == message
