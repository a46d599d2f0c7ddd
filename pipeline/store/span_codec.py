"""Pure: stored OTLP bytes -> `model.Span`.

In: a serialised Span and the Resource and InstrumentationScope it came with. Out: the span as the
analysis sees it. Next: `pipeline.conventions` turns spans into steps.
"""

import base64
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from pipeline.model.span import Span, SpanEvent, SpanStatus

STATUS = {0: SpanStatus.UNSET, 1: SpanStatus.OK, 2: SpanStatus.ERROR}
NO_PARENT = bytes(8)
LARGE_BYTES = 16 * 1024
"""Crafted resources of megabytes would else stay for the life of the process, a hundred times as large."""


def decode_span(body: bytes, resource: bytes, scope_info: bytes) -> Span:
    """The span that was received."""
    wire = WireSpan.FromString(body)
    parent = wire.parent_span_id
    return Span(
        trace_id=wire.trace_id.hex(),
        span_id=wire.span_id.hex(),
        parent_id=parent.hex() if parent and parent != NO_PARENT else None,
        name=wire.name,
        kind=int(wire.kind),
        start=wire.start_time_unix_nano,
        end=max(wire.start_time_unix_nano, wire.end_time_unix_nano),
        status=STATUS.get(int(wire.status.code), SpanStatus.UNSET),
        status_message=wire.status.message,
        attributes=attributes_of(wire.attributes),
        events=tuple(
            SpanEvent(name=e.name, time=e.time_unix_nano, attributes=attributes_of(e.attributes))
            for e in wire.events
        ),
        resource=decode_resource(resource),
        scope=decode_scope(scope_info),
    )


def decode_resource(resource: bytes) -> Mapping[str, Any]:
    """The attributes of a Resource; the same for very many spans. Of large ones few are kept."""
    return _small(resource) if len(resource) <= LARGE_BYTES else _large(resource)


def _attributes(resource: bytes) -> Mapping[str, Any]:
    return attributes_of(Resource.FromString(resource).attributes)


_small, _large = lru_cache(maxsize=256)(_attributes), lru_cache(maxsize=2)(_attributes)


@lru_cache(maxsize=256)
def decode_scope(scope_info: bytes) -> str:
    """The name of an InstrumentationScope."""
    return InstrumentationScope.FromString(scope_info).name


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Key -> value; of a key that stands twice the first wins, as in the resolution of ids."""
    found: dict[str, Any] = {}
    for pair in pairs:
        found.setdefault(pair.key, value_of(pair.value))
    return found


def value_of(value: AnyValue) -> Any:
    """A plain Python value; bytes become base64 text, as in OTLP/JSON."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "array_value":
            return [value_of(item) for item in value.array_value.values]
        case "kvlist_value":
            return attributes_of(value.kvlist_value.values)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode("ascii")
        case _:
            return None


def n_values(span: Span) -> int:
    """The values in the attributes and events of the span; an event alone is as large as four."""
    in_events = sum(3 + n_values_in(event.attributes) for event in span.events)
    return n_values_in(span.attributes) + in_events


def n_values_in(value: Any) -> int:
    """The value and all those in it."""
    match value:
        case dict():
            return 1 + sum(map(n_values_in, cast("dict[str, Any]", value).values()))
        case list():
            return 1 + sum(map(n_values_in, cast("list[Any]", value)))
        case _:
            return 1
