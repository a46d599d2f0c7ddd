"""Stored bytes -> spans, and values through packing."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from pipeline.model.span import SpanStatus
from pipeline.store.packing import digest_of, pack, rounded, unpack
from pipeline.store.span_codec import LARGE_BYTES, decode_resource, decode_span, value_of

values = st.recursive(
    st.none()
    | st.text()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def encode(value: Any) -> AnyValue:
    """The inverse of `value_of`."""
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case str():
            return AnyValue(string_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            items: list[Any] = value
            return AnyValue(array_value=ArrayValue(values=[encode(item) for item in items]))
        case _:
            return AnyValue(kvlist_value=KeyValueList(values=pairs(value)))


def pairs(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=encode(value)) for key, value in values.items()]


@settings(max_examples=50, deadline=None)
@given(values)
def test_values_round_trip(value: Any) -> None:
    decoded = value_of(AnyValue.FromString(encode(value).SerializeToString()))
    assert decoded == value
    assert type(decoded) is type(value)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.text(), values, max_size=3), st.text(), st.sampled_from(range(3)))
def test_spans_round_trip(attributes: dict[str, Any], text: str, code: int) -> None:
    wire = Span(
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        parent_span_id=bytes(range(1, 9)),
        name=text,
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=1,
        end_time_unix_nano=2,
        attributes=pairs(attributes),
        events=[Span.Event(name="e", time_unix_nano=3, attributes=pairs(attributes))],
    )
    wire.status.CopyFrom(Status(message=text, code=(0, 1, 2)[code]))  # pyright: ignore[reportArgumentType]
    resource = Resource(attributes=pairs({"service.name": "x"})).SerializeToString()
    scope = InstrumentationScope(name="lib", version="1").SerializeToString()
    span = decode_span(unpack(pack(wire.SerializeToString())), resource, scope)
    assert (span.trace_id, span.span_id) == (bytes(range(16)).hex(), bytes(range(8)).hex())
    assert span.parent_id == bytes(range(1, 9)).hex()
    assert (span.name, span.status_message, span.kind) == (text, text, 3)
    assert span.status is list(SpanStatus)[code]
    assert (span.attributes, span.events[0].attributes) == (attributes, attributes)
    assert (span.resource, span.scope) == ({"service.name": "x"}, "lib")


def test_bytes_are_base64_and_a_root_has_no_parent() -> None:
    assert value_of(AnyValue(bytes_value=b"\xff\x00")) == "/wA="
    zeros = Span(parent_span_id=bytes(8), start_time_unix_nano=5)
    span = decode_span(zeros.SerializeToString(), b"", b"")
    assert (span.parent_id, span.end) == (None, 5)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=3000))
def test_packing_round_trips(body: bytes) -> None:
    assert unpack(pack(body)) == body


def test_long_bodies_shrink() -> None:
    assert len(pack(b"a" * 5000)) < 100


def test_digests_tell_parts_apart() -> None:
    assert digest_of(b"ab", b"c") != digest_of(b"a", b"bc")


def test_floats_lose_what_machines_disagree_on() -> None:
    assert rounded({"a": [0.1 + 0.2]}) == {"a": [0.3]}


def test_of_large_resources_few_are_kept() -> None:
    """Spans of one share it, small or large; those of long ago are let go."""
    large = [
        Resource(
            attributes=[KeyValue(key="text", value=encode(str(n) * LARGE_BYTES))]
        ).SerializeToString()
        for n in range(4)
    ]
    found = [decode_resource(one) for one in large]
    assert decode_resource(large[3]) is found[3]
    assert decode_resource(large[0]) == found[0]
    assert decode_resource(large[0]) is not found[0]
