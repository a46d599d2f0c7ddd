"""What a read of a session may hold: bytes, and values, which become a hundred bytes of two."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.decode import decode
from pipeline.model.answers import ReadLimits
from pipeline.model.session import SessionKey
from pipeline.store import Store
from pipeline.store.session_spans import BYTES_A_VALUE
from pipeline.store.span_codec import decode_span
from pipeline.store.whole import whole_session
from tests.store.storekit import new_store
from tests.unit.otlp import any_value, request, span

KEY = SessionKey.of("p", "s")
N = 1_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as store:
        yield store


def send(store: Store, sent: Span, **resource: int) -> None:
    body = request(sent, **resource).SerializeToString()
    store.submit_spans(decode(body, project="p").chunks).result()


def n_read(store: Store, max_bytes: int) -> int:
    snapshot = store.load_spans(KEY, max_spans=10, max_bytes=max_bytes)
    return len(snapshot.spans)


def nothings() -> KeyValue:
    return KeyValue(key="l", value=AnyValue(array_value=ArrayValue(values=[AnyValue()] * N)))


CRAFTED = {
    "attributes": Span(attributes=[KeyValue(key=f"{n:x}", value=any_value(1)) for n in range(N)]),
    "items": Span(attributes=[nothings()]),
    "events": Span(events=[Span.Event()] * N),
    "attributes of events": Span(events=[Span.Event(attributes=[nothings()])]),
}


@pytest.mark.parametrize("of", CRAFTED)
def test_tiny_values_count_more_than_their_bytes(store: Store, of: str) -> None:
    sent = span(1, session__id="s")
    sent.MergeFrom(CRAFTED[of])
    send(store, sent)
    assert sent.ByteSize() < N * BYTES_A_VALUE / 2
    assert n_read(store, N * BYTES_A_VALUE) == 0
    assert n_read(store, 10 * N * BYTES_A_VALUE) == 1


def test_a_text_counts_its_bytes(store: Store) -> None:
    sent = span(1, session__id="s", text="x" * N)
    send(store, sent)
    assert n_read(store, sent.ByteSize() + 500) == 1
    assert n_read(store, sent.ByteSize() - 1) == 0


def test_a_resource_counts_once(store: Store) -> None:
    resource = {f"k{n}": n for n in range(N)}
    for n in (1, 2, 3):
        send(store, span(n, session__id="s"), **resource)
    assert n_read(store, N * BYTES_A_VALUE) == 0
    assert n_read(store, N * BYTES_A_VALUE + 5_000) == 3


def test_spans_share_their_resource() -> None:
    resource = request(span(1), a=1).resource_spans[0].resource.SerializeToString()
    first, second = (decode_span(span(n).SerializeToString(), resource, b"") for n in (1, 2))
    assert first.resource == {"a": 1}
    assert first.resource is second.resource


def test_of_a_session_that_outgrew_its_limits_nothing_is_read(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Half of it would say what is not so."""
    for n in (1, 2, 3):
        send(store, span(n, session__id="s", text="x" * N))
    assert len(whole_session(store, KEY, ReadLimits(3, 10 * N))) == 3
    assert not caplog.records
    for limits in (ReadLimits(2, 10 * N), ReadLimits(3, 2 * N)):
        assert whole_session(store, KEY, limits) == ()
    assert len(caplog.records) == 2
    assert whole_session(store, SessionKey.of("p", "gone"), ReadLimits(3, 10 * N)) == ()
    assert len(caplog.records) == 2
