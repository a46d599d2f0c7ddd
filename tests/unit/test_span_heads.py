"""Heads of spans: read at once they say what protobuf says of each."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bench.spans import SPANS_A_REQUEST, requests
from exporter.otlp_layout import lay_out
from exporter.otlp_scan import ScanRequest
from exporter.span_heads import Heads, heads_of, read_heads
from tests.unit.otlp import request, span

ids = st.binary(min_size=8, max_size=8)
times = st.sampled_from([0, 1, 7, 2**63 - 1, 2**64 - 1])
spans = st.lists(
    st.builds(
        Span,
        trace_id=st.binary(min_size=16, max_size=16),
        span_id=ids,
        parent_span_id=st.just(b"") | ids,
        name=st.sampled_from(["", "chat", "n" * 127, "n" * 128, "ü" * 9000]),
        kind=st.sampled_from([0, 1, 5]),
        trace_state=st.sampled_from(["", "", "a=b"]),
        start_time_unix_nano=times,
        end_time_unix_nano=times,
        flags=st.sampled_from([0, 257]),
    ),
    min_size=1,
    max_size=5,
)


def both(body: bytes) -> tuple[Heads | None, Heads]:
    """Read at once, if that is possible, and one by one."""
    (scopes,) = lay_out(body, 1000).scopes
    parsed = ScanRequest.FromString(body).resource_spans[0].scope_spans[0].spans
    return read_heads(body, scopes[0].edges), heads_of(list(parsed))


def as_lists(heads: Heads) -> list[object]:
    return [column.tolist() for column in heads]


@settings(deadline=None)
@given(spans)
def test_read_at_once_they_are_the_same(some: list[Span]) -> None:
    at_once, one_by_one = both(request(*some).SerializeToString())
    if at_once is not None:
        assert as_lists(at_once) == as_lists(one_by_one)
    assert all(one_by_one.ends >= one_by_one.starts)


@pytest.mark.parametrize("parent", [None, 3])
def test_what_encoders_write_is_read_at_once(parent: int | None) -> None:
    """Else all of this is for nothing."""
    at_once, one_by_one = both(request(span(1), span(2, parent=parent)).SerializeToString())
    assert at_once is not None
    assert as_lists(at_once) == as_lists(one_by_one)


def test_the_load_of_the_benchmarks_is_read_at_once() -> None:
    at_once, one_by_one = both(next(requests(1)))
    assert at_once is not None
    assert len(at_once.starts) == SPANS_A_REQUEST
    assert as_lists(at_once) == as_lists(one_by_one)
