"""What one request brings of one trace: the spans as they came, and the keys that decide about them.

In: nothing. Out: `TraceChunk`, `ChunkKeys`, `Outline`, `UnreadChunks`. Next: `exporter.decode` makes
chunks, the store appends their bodies to a log and keeps the keys.

These are made for every trace of every request, and their columns for every span, so that they are
named tuples of plain values.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

NO_PARENT = b""

Pieces = Sequence[bytes | memoryview]
"""Bytes that are joined only where somebody needs them in one."""


class ChunkKeys(NamedTuple):
    """One column a key, one place a span, in the order of the spans in the body.

    Ids are raw bytes; times are Unix nanoseconds below 2**63; a column of names has None where a span
    carries none. A fallback (resource, baggage, header, default) is never empty.
    """

    span_ids: Sequence[bytes]
    parents: Sequence[bytes]
    starts: Sequence[int]
    ends: Sequence[int]
    own_sessions: Sequence[str | None]
    own_projects: Sequence[str | None]
    fallbacks: Sequence[str]


class Outline(NamedTuple):
    """Where all spans of a chunk or trace belong, if that does not depend on their parents."""

    own_session: str | None
    own_project: str | None
    fallback: str
    mixed: bool
    """Several session ids or projects: each span's home must be resolved."""


class TraceChunk(NamedTuple):
    """Some spans of one trace. `scope` is the admission scope (tenant), "" without keys.

    `keys` are packed `ChunkKeys`. `pieces`, joined, are a serialised OTLP `TracesData` that holds nothing
    but these spans, with their resources and scopes; most are slices of the request.
    """

    scope: str
    trace_id: str
    n_spans: int
    outline: Outline
    keys: bytes
    pieces: Pieces
    distinct: bool
    """No span id stands twice. It may be so where this is false: the request has one twice, in other traces too."""

    @property
    def body(self) -> bytes:
        """All pieces in one: a copy."""
        return b"".join(self.pieces)


class UnreadChunks(Protocol):
    """A request that is read when its turn to be stored has come."""

    @property
    def n_bytes(self) -> int:
        """Its size."""
        ...

    def read(self) -> Sequence[TraceChunk]:
        """Its chunks; what it raises is its sender's fault."""
        ...
