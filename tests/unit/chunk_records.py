"""Chunks spelt out span by span, for tests that look at what was taken in.

In: chunks. Out: `Record`s.
"""

from collections.abc import Iterable
from typing import NamedTuple

from pipeline.model.trace_chunk import TraceChunk
from pipeline.store.chunk_body import split
from pipeline.store.chunk_keys import unpack_keys


class Record(NamedTuple):
    """One span of a chunk with its keys."""

    scope: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start: int
    end: int
    own_session: str | None
    own_project: str | None
    fallback_project: str
    body: bytes
    resource: bytes
    scope_info: bytes


def records_of(chunks: Iterable[TraceChunk]) -> list[Record]:
    """Every span of the chunks, in order."""
    return [record for chunk in chunks for record in _records(chunk)]


def _records(chunk: TraceChunk) -> list[Record]:
    keys = unpack_keys(chunk.keys)
    assert len(keys.span_ids) == chunk.n_spans
    bodies = [(span, g.resource, g.scope_info) for g in split(chunk.body) for span in g.spans]
    return [
        Record(chunk.scope, chunk.trace_id, span_id.hex(), parent.hex() or None, *others, *body)
        for span_id, parent, *others, body in zip(*keys, bodies, strict=True)
    ]
