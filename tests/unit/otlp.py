"""Builders of OTLP messages for the tests of the edge."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TRACE = "0af7651916cd43dd8448eb211c80319c"

Scalar = str | int | float | bool


def any_value(value: Scalar) -> AnyValue:
    """A scalar as `AnyValue`."""
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)


def attributes(values: dict[str, Scalar]) -> list[KeyValue]:
    """OTLP attributes of a dict."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def span(
    span_id: int = 1,
    *,
    trace: str = TRACE,
    parent: int | None = None,
    start: int = 10,
    end: int = 20,
    **values: Scalar,
) -> Span:
    """A span; `__` in the keyword of an attribute stands for a dot."""
    return Span(
        trace_id=bytes.fromhex(trace),
        span_id=span_id.to_bytes(8, "big"),
        parent_span_id=b"" if parent is None else parent.to_bytes(8, "big"),
        name="chat",
        start_time_unix_nano=start,
        end_time_unix_nano=end,
        attributes=attributes({key.replace("__", "."): value for key, value in values.items()}),
    )


def request(*spans: Span, **resource: Scalar) -> ExportTraceServiceRequest:
    """One request with one resource and one scope."""
    message = ExportTraceServiceRequest()
    resource_spans = message.resource_spans.add()
    named = {key.replace("__", "."): value for key, value in resource.items()}
    resource_spans.resource.attributes.extend(attributes(named))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "test"
    scope_spans.spans.extend(spans)
    return message
