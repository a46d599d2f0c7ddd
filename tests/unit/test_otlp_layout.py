"""Where spans lie: the same as protobuf finds, however the request is written."""

from itertools import pairwise

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from exporter.otlp_layout import Layout, lay_out
from pipeline.store.chunk_body import TracesData
from tests.unit.otlp import request, span

MANY = 1000


def fields_of(layout: Layout) -> list[list[tuple[bytes, bytes, list[bytes]]]]:
    """What the layout says lies where."""
    return [
        [
            (
                scope.resource,
                scope.scope_info,
                [
                    bytes(ScopeSpans.FromString(layout.body[a:b]).spans[0].SerializeToString())
                    for a, b in pairwise(scope.bounds())
                ],
            )
            for scope in scopes
        ]
        for scopes in layout.scopes
    ]


def expected(body: bytes) -> list[list[tuple[bytes, bytes, list[bytes]]]]:
    """What protobuf finds."""
    return [
        [(r.resource, s.scope, [bytes(one) for one in s.spans]) for s in r.scope_spans]
        for r in TracesData.FromString(body).resource_spans
    ]


texts = st.text(max_size=200) | st.just("x" * 20_000)
spans = st.builds(span, st.integers(1, 9), text=texts)
scopes = st.builds(
    ScopeSpans,
    scope=st.none() | st.builds(InstrumentationScope, name=texts),
    spans=st.lists(spans, max_size=4),
    schema_url=st.sampled_from(["", "https://schema"]),
)
requests = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=st.none() | st.just(Resource(dropped_attributes_count=3)),
            scope_spans=st.lists(scopes, max_size=3),
            schema_url=st.sampled_from(["", "https://schema"]),
        ),
        max_size=3,
    ),
)


@given(requests)
def test_it_finds_what_protobuf_finds(message: ExportTraceServiceRequest) -> None:
    body = message.SerializeToString()
    layout = lay_out(body, MANY)
    assert layout.body is body
    assert fields_of(layout) == expected(body)
    assert layout.n_spans() == sum(len(s[2]) for r in expected(body) for s in r)


def field(tag: int, *contents: bytes) -> bytes:
    """Length-delimited fields, their lengths spelt in two bytes though one would do."""
    return b"".join(bytes([tag, len(c) & 0x7F | 0x80, len(c) >> 7]) + c for c in contents)


ONE, TWO = span(1).SerializeToString(), span(2).SerializeToString()


@pytest.mark.parametrize(
    "inner",
    [
        field(18, ONE) + field(10, b"") + field(18, TWO),
        field(10, b"") + field(18, ONE) + field(26, b"url") + field(18, TWO),
        field(18, ONE, TWO) + b"\x20\x07",
        field(18, ONE, TWO) + b"\x23\x20\x07\x24",
        b"\x92\x00" + field(18, ONE)[1:] + field(18, TWO),
    ],
    ids=["scope between", "schema between", "unknown field", "group", "long tag"],
)
def test_what_is_written_otherwise_is_written_anew(inner: bytes) -> None:
    body = field(10, field(18, inner) + field(10, b""))
    layout = lay_out(body, MANY)
    assert layout.body != body
    (((_, _, found),),) = fields_of(layout)
    assert found == [ONE, TWO]


@pytest.mark.parametrize("unusual", [True, False])
def test_it_stops_above_the_limit(unusual: bool) -> None:
    body = request(*(span(n + 1) for n in range(9))).SerializeToString()
    body = b"\x0a\x04\x12\x02\x20\x07" + body if unusual else body
    assert lay_out(body, 9).n_spans() == 9
    assert lay_out(body, 5).n_spans() == 6


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, 60))
def test_broken_bytes_are_refused_as_protobuf_refuses_them(junk: bytes, at: int) -> None:
    sound = request(span(1), span(2)).SerializeToString()
    body = sound[:at] + junk + sound[at:]
    try:
        found = expected(body)
    except DecodeError:
        with pytest.raises(DecodeError):
            lay_out(body, MANY)
        return
    layout = lay_out(body, MANY)
    got = [len(s[2]) for r in found for s in r]
    assert [s.n_spans() for scopes in layout.scopes for s in scopes] == got


def test_a_span_of_a_layout_is_the_span() -> None:
    sent = span(7, text="y" * 300)
    layout = lay_out(request(sent).SerializeToString(), MANY)
    (((_, _, (found,)),),) = fields_of(layout)
    assert Span.FromString(found) == sent
