"""Takes in what an app exports over OTLP/HTTP, whatever path its library sends to.

In: POSTs of protobuf or JSON. Out: the requests, traces and logs apart. Next: `scrub` makes them the
same on every machine.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from exporter.otlp_json import read_request
from tests.recordings.loopback import Reply, serving

_TRACES = ("/v1/traces", "/api/traces")


@dataclass
class Captured:
    """Where spans may be sent, and what came."""

    address: str = ""
    traces: list[ExportTraceServiceRequest] = field(default_factory=list[ExportTraceServiceRequest])
    logs: list[ExportLogsServiceRequest] = field(default_factory=list[ExportLogsServiceRequest])
    elsewhere: list[str] = field(default_factory=list[str])


@contextmanager
def capture() -> Generator[Captured]:
    """Serve while the block lasts; every request is accepted."""
    captured = Captured()

    def respond(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        path = path.partition("?")[0]
        is_json = "json" in headers.get("content-type", "")
        if path.endswith(_TRACES):
            captured.traces.append(_trace_request(body, is_json))
        elif path.endswith("/v1/logs") and not is_json:
            captured.logs.append(ExportLogsServiceRequest.FromString(body))
        else:
            captured.elsewhere.append(path)
        return _accepted(is_json)

    with serving(respond) as captured.address:
        yield captured


def _trace_request(body: bytes, is_json: bool) -> ExportTraceServiceRequest:
    if is_json:
        return read_request(body).request
    return ExportTraceServiceRequest.FromString(body)


def _accepted(is_json: bool) -> Reply:
    if is_json:
        return Reply(b"{}")
    return Reply(b"", content_type="application/x-protobuf")


def n_spans(requests: list[ExportTraceServiceRequest]) -> int:
    """How many spans came."""
    return sum(len(ss.spans) for r in requests for rs in r.resource_spans for ss in rs.scope_spans)


def is_empty(message: Message) -> bool:
    """True for a request without content."""
    return message.ByteSize() == 0
