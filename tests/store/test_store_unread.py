"""Requests that the writer reads itself: each once, each for itself."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.decode import decode
from pipeline.errors import BadRequest
from pipeline.model.session import SessionKey
from pipeline.model.trace_chunk import TraceChunk
from pipeline.store import Store
from pipeline.store.chunk_body import head
from tests.store.storekit import new_store, record, send
from tests.unit.otlp import span

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        yield opened


def test_a_span_with_two_ids_is_filed_and_shown_by_the_last(store: Store) -> None:
    """As protobuf has it of any field that may stand once."""
    twice = (
        span(1, session__id="s").SerializeToString()
        + Span(span_id=bytes(7) + b"9").SerializeToString()
    )
    field = b"\x12" + bytes([len(twice)]) + twice
    (chunk,) = decode(head(b"", b"", len(field)) + field, project="p").chunks
    send(store, chunk)
    (shown,) = store.load_spans(SessionKey.of("p", "s")).spans
    assert shown.span_id == (bytes(7) + b"9").hex()
    assert send(store, chunk).n_duplicate == 1


def test_what_cannot_be_read_harms_nothing_beside_it(store: Store) -> None:
    """Requests of one group, each read by the writer."""
    batches = [Unread([record(1, session="s")]), Unread(None), Unread([record(2, session="s")])]
    first, bad, last = [store.submit_spans(batch) for batch in batches]
    with pytest.raises(BadRequest):
        bad.result(timeout=30)
    assert [f.result(timeout=30).n_new for f in (first, last)] == [1, 1]
    assert [batch.n_read for batch in batches] == [1, 1, 1]
    assert len(store.load_spans(SessionKey.of("p", "s")).spans) == 2


class Unread:
    """A request whose reading is counted; without chunks it is none."""

    n_bytes = 100

    def __init__(self, chunks: Sequence[TraceChunk] | None) -> None:
        self._chunks = chunks
        self.n_read = 0

    def read(self) -> Sequence[TraceChunk]:
        self.n_read += 1
        if self._chunks is None:
            raise BadRequest("no request")
        return self._chunks
