"""The compiled scan says what protobuf says, or leaves it to protobuf: for whatever bytes come."""

import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

import exporter.scan
from bench.spans import SPANS_A_REQUEST, requests
from exporter.baggage import PROJECT_KEY
from exporter.decode import Decoded
from exporter.decode_bounded import decode_bounded
from exporter.otlp_layout import lay_out
from exporter.otlp_scan import SESSION_KEYS
from exporter.scan import COMPILED, scan, scan_edges
from exporter.span_checks import Checks
from pipeline.errors import SidecarError
from pipeline.store.chunk_body import prefix
from pipeline.temporal.ids import SELF_PROJECT
from tests.unit.otlp import request, span

compiled = pytest.mark.skipif(not COMPILED, reason="NOT CHECKED: no C compiler built the scan")

texts = st.sampled_from(["", " ", "s1", "s2", "é" * 70, "[Scrubbed due to x]", "\0", SELF_PROJECT])
keys = st.sampled_from([*SESSION_KEYS, PROJECT_KEY, "other", "kelet.depth", "temporalWorkflowID"])
scalars = (
    st.builds(AnyValue)
    | st.builds(AnyValue, string_value=texts)
    | st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1))
    | st.builds(AnyValue, double_value=st.floats())
    | st.builds(AnyValue, bool_value=st.booleans())
    | st.builds(AnyValue, bytes_value=st.binary(max_size=3))
)


def lists(values: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    """Values that hold values."""
    pairs = st.builds(KeyValue, key=keys, value=values)
    return st.builds(
        AnyValue, array_value=st.builds(ArrayValue, values=st.lists(values, max_size=2))
    ) | st.builds(
        AnyValue, kvlist_value=st.builds(KeyValueList, values=st.lists(pairs, max_size=2))
    )


values = st.recursive(scalars, lists, max_leaves=4)
attributes = st.lists(st.builds(KeyValue, key=keys, value=values), max_size=3)
# Mostly sound: what is not is protobuf's.
ids = st.sampled_from([*(bytes([n] * 8) for n in range(1, 30)), b"", bytes(8), b"1" * 7])
trace_ids = st.sampled_from([*(bytes([n] * 16) for n in range(1, 30)), bytes(16), b"t" * 15])
times = st.sampled_from([0, 1, 7, 2**63 - 1, 2**64 - 1])
spans = st.builds(
    Span,
    trace_id=trace_ids,
    span_id=ids,
    parent_span_id=ids,
    trace_state=texts,
    flags=st.sampled_from([0, 257]),
    name=texts,
    kind=st.sampled_from([0, 1, 5]),
    start_time_unix_nano=times,
    end_time_unix_nano=times,
    attributes=attributes,
    dropped_attributes_count=st.sampled_from([0, 300]),
    events=st.lists(
        st.builds(Span.Event, time_unix_nano=times, name=texts, attributes=attributes), max_size=2
    ),
    links=st.lists(
        st.builds(Span.Link, trace_id=trace_ids, span_id=ids, attributes=attributes), max_size=2
    ),
    status=st.none() | st.builds(Status, message=texts, code=st.sampled_from([0, 1, 2])),
)
bodies = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=st.none() | st.builds(Resource, attributes=attributes),
            scope_spans=st.lists(
                st.builds(
                    ScopeSpans,
                    scope=st.none() | st.builds(InstrumentationScope, name=texts),
                    spans=st.lists(spans, max_size=4),
                    schema_url=st.sampled_from(["", "https://schema"]),
                ),
                max_size=2,
            ),
        ),
        max_size=2,
    ),
).map(lambda message: message.SerializeToString())


def without_scan(call: Callable[[], Any]) -> Any:
    """What protobuf alone makes of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter.scan, "scan_spans", None)
        patch.setattr(exporter.scan, "find_edges", None)
        return call()


def told(body: bytes, checks: Checks) -> object:
    """All that comes of a request, or its refusal."""
    try:
        decoded: Decoded = decode_bounded(body, project="p", scope="s", checks=checks)
    except SidecarError as error:
        return type(error), str(error)
    return decoded.n_spans, decoded.rejected, [(*c[:5], c.body, c.distinct) for c in decoded.chunks]


def assert_same(body: bytes, checks: Checks = Checks()) -> None:  # noqa: B008
    assert told(body, checks) == without_scan(lambda: told(body, checks))


@compiled
@given(bodies)
def test_sound_requests_are_read_as_protobuf_reads_them(body: bytes) -> None:
    assert_same(body)
    assert_same(body, Checks(projects=frozenset({"p"}), max_attribute_bytes=40))


@compiled
@given(bodies)
def test_the_few_are_all_that_the_columns_name(body: bytes) -> None:
    layout = lay_out(body, 100)
    for laid in (scope for scopes in layout.scopes for scope in scopes):
        if found := scan(layout.body, laid.edges):
            assert {None, *found.few_sessions} == {None, *found.own_sessions}
            assert {None, *found.few_projects} == {None, *found.own_projects}


@compiled
def test_a_name_that_neighbours_share_is_read_once() -> None:
    named = ("s", "s", "t", None, "t", "t", "s")
    sent = [span(n, session__id=s) if s else span(n) for n, s in enumerate(named, 1)]
    body = request(*sent).SerializeToString()
    (scopes,) = lay_out(body, 10).scopes
    found = scan(body, scopes[0].edges)
    assert found is not None
    assert found.own_sessions == list(named)
    assert (found.few_sessions, found.few_projects) == (["s", "t", "t", "s"], [])


@compiled
@given(bodies, st.data())
def test_broken_requests_are_refused_as_protobuf_refuses_them(body: bytes, data: Any) -> None:
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(len(changed) - 1, 0)))
        match data.draw(st.integers(0, 2)):
            case 0:
                changed[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
            case 1:
                changed[at:at] = data.draw(st.binary(min_size=1, max_size=3))
            case _:
                del changed[at : at + data.draw(st.integers(1, 3))]
    assert_same(bytes(changed))


FIELDS = st.tuples(
    st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 16, 17, 1000]),
    st.sampled_from([0, 1, 2, 3, 4, 5]),
    st.binary(max_size=20) | st.binary(min_size=8, max_size=8) | st.binary(min_size=4, max_size=4),
)


@compiled
@given(st.lists(FIELDS, max_size=6), st.lists(FIELDS, max_size=3))
def test_a_span_of_any_fields_is_what_protobuf_finds(
    outer: list[tuple[int, int, bytes]], inner: list[tuple[int, int, bytes]]
) -> None:
    """Of any number and kind, twice, in any order; deep in an attribute too."""
    sound = span(1).SerializeToString()
    nested = b"\x4a" + prefix(b"", len(written(inner))) + written(inner)
    for content in (written(outer), sound + nested, sound + written(outer), written(outer) + sound):
        scope = b"\x12" + prefix(b"", len(content)) + content
        resource = b"\x12" + prefix(b"", len(scope)) + scope
        assert_same(b"\x0a" + prefix(b"", len(resource)) + resource)


def written(fields: list[tuple[int, int, bytes]]) -> bytes:
    """As they stand on the wire, right or wrong."""
    parts: list[bytes] = []
    for number, kind, content in fields:
        tag = number << 3 | kind
        parts.append(bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7]))
        parts.append(bytes([len(content)]) + content if kind == 2 else content)
    return b"".join(parts)


@compiled
@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 5))
def test_any_bytes_and_places_harm_nothing(body: bytes, first: int, last: int, room: int) -> None:
    """It never looks behind the end: what it finds lies within."""
    edges = scan_edges(body, first, last, room)
    if edges is not None:
        assert first == edges[0]
        assert len(edges) == 1 or first < edges[-1] <= last <= len(body)
        scan(body, edges)


@compiled
def test_values_deeper_than_it_goes_are_left_to_protobuf() -> None:
    for depth in (1, 15, 16, 17, 40):
        deep = AnyValue(string_value="x")
        for _ in range(depth):
            deep = AnyValue(array_value=ArrayValue(values=[deep]))
        one = span(1)
        one.attributes.append(KeyValue(key="deep", value=deep))
        body = request(one).SerializeToString()
        (scopes,) = lay_out(body, 10).scopes
        assert (scan(body, scopes[0].edges) is None) == (depth > 16)
        assert_same(body)


@compiled
def test_resources_and_scopes_are_read_where_protobuf_would_read_them() -> None:
    """Deep ones, broken ones, and resources without any scope."""
    sent = field(2, span(1).SerializeToString())
    for depth in range(44, 52):
        deep = b""
        for _ in range(depth):
            deep = field(5, field(1, deep))
        attribute = field(2, deep)
        assert_same(field(1, field(1, field(1, attribute)) + field(2, sent)))
        assert_same(field(1, field(2, field(1, field(3, attribute)) + sent)))
    for broken in (b"\xff", field(1, b"\xff"), field(1, field(1, b"\xff"))):
        assert_same(field(1, field(1, broken)) + field(1, field(2, sent)))
        assert_same(field(1, field(1, broken) + field(2, sent)))
        assert_same(field(1, field(2, field(1, broken) + sent)))


def field(number: int, content: bytes, n_bytes: int = 0) -> bytes:
    """A length-delimited field; its length may take more bytes than it needs."""
    length = prefix(b"", len(content))
    if n_bytes > len(length):
        idle = bytes([0x80] * (n_bytes - len(length) - 1)) + b"\0"
        length = length[:-1] + bytes([length[-1] | 0x80]) + idle
    return bytes([number << 3 | 2]) + length + content


@compiled
@pytest.mark.parametrize("n_bytes", [2, 4, 5])
def test_lengths_may_leave_room_as_net_writes_them(n_bytes: int) -> None:
    attribute = span(1, session__id="s").attributes[0].SerializeToString()
    bare = span(1).SerializeToString()
    sent = field(2, bare + field(9, attribute, n_bytes), n_bytes)
    body = field(1, field(2, sent * 2, n_bytes), n_bytes)
    (scopes,) = lay_out(body, 10).scopes
    found = scan(body, scopes[0].edges)
    assert found is not None
    assert found.own_sessions == ["s", "s"]
    assert_same(body)


@compiled
@pytest.mark.parametrize(("n_odd", "is_scanned"), [(1, True), (8, False)])
def test_where_much_is_to_be_asked_protobuf_reads_all(n_odd: int, is_scanned: bool) -> None:
    odd = [span(n, session__id=n) for n in range(1, 1 + n_odd)]
    usual = [span(n, session__id="s") for n in range(20, 28)]
    body = request(*odd, *usual).SerializeToString()
    (scopes,) = lay_out(body, 100).scopes
    assert (scan(body, scopes[0].edges) is not None) == is_scanned
    assert_same(body)


@compiled
def test_what_encoders_write_needs_no_protobuf() -> None:
    """Else all of this is for nothing."""
    body = next(requests(1))
    (scopes,) = lay_out(body, 1000).scopes
    found = scan(body, scopes[0].edges)
    assert found is not None
    assert len(found.own_sessions) == SPANS_A_REQUEST
    assert_same(body)


def test_it_is_built_where_that_can_be_done() -> None:
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    assert COMPILED or shutil.which("cc") is None or not header.exists()
