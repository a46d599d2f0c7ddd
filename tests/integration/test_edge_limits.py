"""Each limit through the real servers: its own refusal, or only its span, on gRPC and on HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.admission import ANSWERS
from exporter.otlp_grpc import STATUS_DETAILS
from exporter.server import EdgeServer
from exporter.settings import MIB
from pipeline.errors import LimitExceeded, Overloaded, SidecarError
from tests.integration.edge import SinkStore, export, running
from tests.unit.otlp import attributes, request, span
from tests.waiting import until

pytestmark = pytest.mark.slow

LIMIT = 2000
Partial = Callable[[EdgeServer, ExportTraceServiceRequest], Awaitable[tuple[int, str]]]


async def post(edge: EdgeServer, body: bytes | object, format_: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        url = f"http://127.0.0.1:{edge.http_port}/v1/traces"
        if format_ == "json":
            return await client.post(url, json=body)
        return await client.post(
            url,
            content=body,  # pyright: ignore[reportArgumentType]
            headers={"content-type": "application/x-protobuf"},
        )


async def by_grpc(edge: EdgeServer, sent: ExportTraceServiceRequest) -> tuple[int, str]:
    answer = ExportTraceServiceResponse.FromString(await export(edge, sent.SerializeToString()))
    return answer.partial_success.rejected_spans, answer.partial_success.error_message


async def by_http(edge: EdgeServer, sent: ExportTraceServiceRequest) -> tuple[int, str]:
    answer = await post(edge, sent.SerializeToString(), "protobuf")
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    return partial.rejected_spans, partial.error_message


async def by_json(edge: EdgeServer, sent: ExportTraceServiceRequest) -> tuple[int, str]:
    given = MessageToDict(sent)
    for n, of_resource in enumerate(given["resourceSpans"]):
        for told in of_resource["scopeSpans"][0]["spans"]:
            told["traceId"], told["spanId"] = f"{1:032x}", f"{n + 1:016x}"
            for link in told.get("links", ()):
                link["traceId"], link["spanId"] = f"{1:032x}", f"{9:016x}"
    partial = (await post(edge, given, "json")).json()["partialSuccess"]
    return int(partial["rejectedSpans"]), partial["errorMessage"]


def in_span(sent: ExportTraceServiceRequest, value: str) -> None:
    only_span(sent).attributes.extend(attributes({"big": value}))


def in_event(sent: ExportTraceServiceRequest, value: str) -> None:
    only_span(sent).events.add().attributes.extend(attributes({"big": value}))


def in_link(sent: ExportTraceServiceRequest, value: str) -> None:
    link = only_span(sent).links.add(trace_id=b"l" * 16, span_id=b"l" * 8)
    link.attributes.extend(attributes({"big": value}))


def in_resource(sent: ExportTraceServiceRequest, value: str) -> None:
    sent.resource_spans[0].resource.attributes.extend(attributes({"big": value}))


def in_scope(sent: ExportTraceServiceRequest, value: str) -> None:
    scope = sent.resource_spans[0].scope_spans[0].scope
    scope.attributes.extend(attributes({"big": value}))


def only_span(sent: ExportTraceServiceRequest) -> Span:
    return sent.resource_spans[0].scope_spans[0].spans[0]


@pytest.mark.parametrize("place", [in_span, in_event, in_link, in_resource, in_scope])
@pytest.mark.parametrize("door", [by_grpc, by_http, by_json])
async def test_a_large_attribute_costs_only_its_spans(
    door: Partial, place: Callable[[ExportTraceServiceRequest, str], None]
) -> None:
    store = SinkStore()
    beside = request(span(2, session__id="good"), service__name="other").resource_spans
    async with running(store, max_attribute_bytes=LIMIT) as edge:
        for size in (LIMIT - 50, LIMIT + 50):
            sent = request(span(1, session__id="bad"))
            place(sent, "x" * size)
            sent.resource_spans.extend(beside)
            if size < LIMIT:
                await export(edge, sent.SerializeToString())
                assert len(store.spans) == 2
                continue
            n_rejected, told = await door(edge, sent)
            assert (n_rejected, f"max_attribute_bytes = {LIMIT}" in told) == (1, True)
    assert [record.own_session for record in store.spans] == ["bad", "good", "good"]


class Case(NamedTuple):
    """Settings, what is held meanwhile, what is sent, and how it is refused."""

    settings: Mapping[str, Any]
    body: bytes
    error: type[SidecarError]
    held: bytes | None = None


TWO = request(span(1), span(2)).SerializeToString()
LARGE = request(span(text="x" * MIB)).SerializeToString()
SMALL_BODIES = {"max_request_bytes": MIB, "max_decompressed_bytes": MIB}
CASES = {
    "max_request_bytes": Case(SMALL_BODIES, LARGE, LimitExceeded),
    "max_in_flight_spans": Case({"max_in_flight_spans": 1}, TWO, LimitExceeded),
    "max_in_flight_spans = 3": Case({"max_in_flight_spans": 3}, TWO, Overloaded, TWO),
    "max_in_flight_requests": Case({"max_in_flight_requests": 1}, TWO, Overloaded, TWO),
    "max_in_flight_bytes": Case(
        SMALL_BODIES | {"max_in_flight_bytes": MIB},
        request(span(text="x" * (MIB // 2))).SerializeToString(),
        Overloaded,
        request(span(text="x" * (MIB * 3 // 4))).SerializeToString(),
    ),
}


@pytest.mark.parametrize("limit", CASES)
async def test_a_limit_has_its_refusal_on_both_doors(limit: str) -> None:
    case, store = CASES[limit], SinkStore()
    answer = ANSWERS[case.error]
    async with running(store, **case.settings) as edge:
        held = await hold(edge, store, case.held)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await export(edge, case.body)
        response = await post(edge, case.body, "protobuf")
        store.free.set()
        await asyncio.gather(*held)
        await export(edge, request(span(3)).SerializeToString())
        refused = edge.metrics["requests_refused"]
    told, status = caught.value, Status.FromString(response.content)
    assert told.code() is answer.grpc_code
    assert limit in str(told.details())
    assert (response.status_code, status.code) == (answer.http_status, answer.grpc_code.value[0])
    assert limit in status.message
    details = dict(told.trailing_metadata() or ())
    assert (STATUS_DETAILS in details) is answer.retryable
    assert ("retry-after" in response.headers) is answer.retryable
    assert refused == 2


async def hold(
    edge: EdgeServer, store: SinkStore, body: bytes | None
) -> list["asyncio.Task[bytes]"]:
    """A request that is in flight, read and not committed."""
    if body is None:
        return []
    store.free.clear()
    task = asyncio.create_task(export(edge, body))

    async def is_read() -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            page = (await client.get(f"http://127.0.0.1:{edge.http_port}/metrics")).text
        return "kelet_in_flight_spans 0.0" not in page

    await until(is_read)
    return [task]
