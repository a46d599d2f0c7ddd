"""Fields are counted as protobuf would make them, and the count ends at its limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from exporter.otlp_fields import LOGS, OUTER, SPAN, SPAN_FIELD, largest_attribute, n_fields
from tests.unit.otlp import attributes, request, span
from tests.unit.oversized import EVENTS, field, ids, of_spans, text


def test_every_field_counts_wherever_it_is() -> None:
    assert n_fields(b"", SPAN) == 0
    assert n_fields(ids(), SPAN) == 2
    assert n_fields(ids() + EVENTS * 3, SPAN) == 5
    attribute = field(0x4A, text(b"k", b"v"))  # itself, key, value, text
    assert n_fields(attribute, SPAN) == 4
    assert n_fields(field(0x5A, field(0x1A, text(b"k", b"v"))), SPAN) == 5
    values = field(0x2A, b"\x0a\x00" * 7)
    assert n_fields(field(0x4A, field(0x0A, b"k") + field(0x12, values)), SPAN) == 3 + 1 + 7
    pairs = field(0x32, field(0x0A, text(b"k", b"v")) * 2)
    assert n_fields(field(0x4A, field(0x12, pairs)), SPAN) == 2 + 1 + 2 * 4


def test_an_outline_does_not_look_into_spans() -> None:
    body = of_spans(ids() + EVENTS * 50, ids(2), resource=field(0x0A, text(b"k", b"v")))
    assert n_fields(body, OUTER) == 1 + 2 + 1 + 2
    assert n_fields(body, LOGS) > n_fields(body, OUTER)


def test_the_count_ends_at_its_limit() -> None:
    assert n_fields(EVENTS * 1_000_000, SPAN, 10) == 11
    deep = b""
    for _ in range(10_000):
        deep = field(0x2A, field(0x0A, deep))
    assert n_fields(field(0x4A, field(0x12, deep)), SPAN, 30_000) == 2 + 2 * 10_000


@given(st.binary(max_size=200), st.sampled_from([SPAN, OUTER, LOGS]))
def test_no_bytes_crash_it(body: bytes, shape: dict[int, object]) -> None:
    assert 0 <= n_fields(body, shape) <= len(body)  # pyright: ignore[reportArgumentType]
    assert 0 <= largest_attribute(body, shape) <= len(body)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("where", ["span", "event", "link"])
def test_the_largest_attribute_is_found_wherever_it_is(where: str) -> None:
    given_span = span(1)
    given_span.attributes.extend(attributes({f"a{n}": "x" * 100 for n in range(30)}))
    large = attributes({"text": "x" * 1001})
    if where == "span":
        given_span.attributes.extend(large)
    elif where == "event":
        given_span.events.add(name="y" * 5000, attributes=large)
    else:
        given_span.links.add(attributes=large)
    raw = ScopeSpans(spans=[given_span]).SerializeToString()
    assert largest_attribute(raw, SPAN_FIELD) == large[0].ByteSize()
    assert largest_attribute(request(span(1)).SerializeToString(), SPAN_FIELD) == 0
