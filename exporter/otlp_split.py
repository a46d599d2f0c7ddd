"""Pure: one OTLP request -> requests that a receiver takes.

In: a request of any size. Out: the same spans in requests below a limit. Next: the importer sends
them.
"""

from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MAX_BYTES = 4 * 1024 * 1024
"""What every OTLP receiver takes: the Collector's and grpc's own default limit."""

_SLACK = 64


def split_request(
    request: ExportTraceServiceRequest, max_bytes: int = MAX_BYTES
) -> Iterator[ExportTraceServiceRequest]:
    """The request itself when it fits, else parts in its order; one huge span stays one part."""
    if request.ByteSize() <= max_bytes:
        yield request
        return
    part, room = ExportTraceServiceRequest(), max_bytes
    for group in request.resource_spans:
        for scope in group.scope_spans:
            shared = group.resource.ByteSize() + scope.scope.ByteSize() + _SLACK
            inner = None
            for span in scope.spans:
                needed = span.ByteSize() + _SLACK
                if part.resource_spans and needed + (shared if inner is None else 0) > room:
                    yield part
                    part, room, inner = ExportTraceServiceRequest(), max_bytes, None
                if inner is None:
                    outer = part.resource_spans.add(
                        resource=group.resource, schema_url=group.schema_url
                    )
                    inner = outer.scope_spans.add(scope=scope.scope, schema_url=scope.schema_url)
                    room -= shared
                inner.spans.add().CopyFrom(span)
                room -= needed
    if part.resource_spans:
        yield part
