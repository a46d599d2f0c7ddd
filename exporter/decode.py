"""Pure: one OTLP request as bytes -> chunks, one a trace, and what was rejected with the reasons.

In: the serialised `ExportTraceServiceRequest` and the request's project. Out: `Decoded`. Next: the
store commits the chunks.

Only the few attribute keys that name a session or a project are looked at; everything else travels
on as the bytes that came: neighbouring spans of one trace are one slice of the request.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from exporter.otlp_layout import lay_out
from exporter.otlp_scan import SESSION_KEYS, ScanRequest, id_text, number_text, own_projects
from exporter.span_checks import Checks
from exporter.span_columns import (
    MAX_ID_CHARS,
    MAX_TIME,
    Columns,
    columns_of,
    id_fault,
)
from pipeline.errors import BadRequest, LimitExceeded
from pipeline.model.trace_chunk import ChunkKeys, TraceChunk
from pipeline.store.chunk_body import head
from pipeline.store.chunk_keys import Columns as PackedColumns
from pipeline.store.chunk_keys import (
    Names,
    chunk_of,
    outline,
    pack_columns,
    shortened,
    unpack_keys,
)

__all__ = [
    "MAX_ID_CHARS",
    "MAX_TIME",
    "SESSION_KEYS",
    "Decoded",
    "decode",
    "describe_rejected",
    "id_fault",
    "id_text",
    "number_text",
]


class Decoded(NamedTuple):
    """The chunks in the order of the request, and how many spans were rejected for which reason."""

    chunks: tuple[TraceChunk, ...]
    n_spans: int
    rejected: Counter[str]


class Run(NamedTuple):
    """Neighbouring spans of one trace: a part of the columns of a scope."""

    resource: bytes
    scope_info: bytes
    columns: Columns
    packed: PackedColumns
    projects: Names
    """These two of the whole scope, the own projects shortened."""
    first: int
    last: int

    def names(self) -> tuple[Names, Names, Names]:
        """Own sessions, own projects, fallbacks, each shortened."""
        spans = slice(self.first, self.last)
        return (
            shortened(self.columns.own_sessions[spans]),
            self.projects if len(self.projects) == 1 else shortened(self.projects[spans]),
            (self.columns.fallback,),
        )

    def n_bytes(self) -> int:
        """Of the fields of its spans."""
        return self.columns.n_bytes(self.first, self.last)

    def pieces(self) -> tuple[memoryview, ...]:
        """Its spans as slices of the request."""
        return self.columns.pieces(self.first, self.last)


ALL_PASS = Checks()
MAX_COPIED_BYTES = 32 * 2**20
"""What resources and scopes may add to a request."""
KEPT_BYTES = 16 * 1024
"""Of a resource or scope that is remembered."""

NO_REQUEST = "the body is not an OTLP ExportTraceServiceRequest"


class Heavy(Exception):
    """A resource, scope or span that is to be looked through before it is parsed."""


class Unreadable(BadRequest):
    """Spans lie where they should, but one of them, a resource or a scope cannot be parsed."""


def decode(body: bytes, *, project: str, scope: str = "", checks: Checks = ALL_PASS) -> Decoded:
    """Read one request; raises `BadRequest` if the body is not one."""
    rejected: Counter[str] = Counter()
    runs: dict[bytes, list[Run]] = {}
    for resource, scope_info, columns in _scopes(body, project, checks, rejected):
        for trace_id, run in _runs(resource, scope_info, columns):
            runs.setdefault(trace_id, []).append(run)
    copied = sum(
        len(run.resource) + len(run.scope_info) for found in runs.values() for run in found
    )
    if copied > MAX_COPIED_BYTES and sum(map(_copied, runs.values())) > MAX_COPIED_BYTES:
        raise too_many_copies()
    chunks = tuple(_chunk(scope, trace_id.hex(), found) for trace_id, found in runs.items())
    return Decoded(chunks, sum(chunk.n_spans for chunk in chunks), rejected)


def _copied(runs: Sequence[Run]) -> int:
    """Bytes of the heads of one trace: neighbours share theirs."""
    return sum(
        len(resource) + len(scope) for (resource, scope), _ in groupby(runs, itemgetter(0, 1))
    )


def too_many_copies() -> LimitExceeded:
    """Each trace is stored with its resources and scopes: a large one of many traces is many bytes."""
    return LimitExceeded(
        f"resources and scopes, once for each trace, take more than {MAX_COPIED_BYTES} bytes:"
        " send smaller batches"
    )


def describe_rejected(rejected: Counter[str]) -> str:
    """The reasons with their counts, the most frequent first, for `partial_success`."""
    ordered = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return "rejected spans: " + "; ".join(f"{count} with {reason}" for reason, count in ordered)


def _scopes(
    body: bytes, project: str, checks: Checks, rejected: Counter[str]
) -> Iterator[tuple[bytes, bytes, Columns]]:
    """Resource, scope and sound spans of each scope of the request."""
    try:
        layout = lay_out(body, checks.max_spans)
        too_heavy = layout.largest_span() > checks.max_span_bytes
        if too_heavy or layout.largest_head() > checks.max_head_bytes:
            raise Heavy
        # A huge number of tiny spans takes many times the room of its bytes.
        checks.admit(layout.n_spans())
    except DecodeError:
        raise BadRequest(NO_REQUEST) from None
    try:
        request = ScanRequest.FromString(layout.body)
    except DecodeError:
        raise Unreadable(NO_REQUEST) from None
    for resource_spans, laid_scopes in zip(request.resource_spans, layout.scopes, strict=True):
        fallback = own_projects([resource_spans.resource.attributes])[0] or project
        for scope_spans, laid in zip(resource_spans.scope_spans, laid_scopes, strict=True):
            spans = list(scope_spans.spans)
            if spans:
                columns = columns_of(spans, layout.body, laid.bounds, fallback, checks, rejected)
                resource = _canonical_resource(laid.resource)
                yield resource, _canonical_scope(laid.scope_info), columns


def _canonical_resource(resource: bytes) -> bytes:
    """Encoders differ in what they write of empty fields. Large ones are not kept."""
    small = len(resource) <= KEPT_BYTES
    return _kept_resource(resource) if small else _kept_resource.__wrapped__(resource)


def _canonical_scope(scope: bytes) -> bytes:
    return _kept_scope(scope) if len(scope) <= KEPT_BYTES else _kept_scope.__wrapped__(scope)


@lru_cache(maxsize=64)
def _kept_resource(resource: bytes) -> bytes:
    return Resource.FromString(resource).SerializeToString(deterministic=True)


@lru_cache(maxsize=256)
def _kept_scope(scope: bytes) -> bytes:
    return InstrumentationScope.FromString(scope).SerializeToString(deterministic=True)


def _runs(resource: bytes, scope_info: bytes, columns: Columns) -> Iterator[tuple[bytes, Run]]:
    """Neighbours of one trace, with its id."""
    if not len(columns):
        return
    packed, projects = columns.packed(), shortened(columns.own_projects)
    for first, last in columns.runs():
        run = Run(resource, scope_info, columns, packed, projects, first, last)
        yield columns.heads.trace_id(first), run


def _chunk(scope: str, trace_id: str, runs: Sequence[Run]) -> TraceChunk:
    """What a request brings of one trace."""
    if len(runs) > 1:
        return _joined(scope, trace_id, runs)
    (run,) = runs
    names = run.names()
    keys = pack_columns(run.packed.run(run.first, run.last), *names)
    pieces = (head(run.resource, run.scope_info, run.n_bytes()), *run.pieces())
    return TraceChunk(scope, trace_id, run.last - run.first, outline(*names), keys, pieces)


def _joined(scope: str, trace_id: str, runs: Sequence[Run]) -> TraceChunk:
    """The spans of all runs, one behind the other."""
    parts = [unpack_keys(pack_columns(r.packed.run(r.first, r.last), *r.names())) for r in runs]
    keys = ChunkKeys(*(list(chain.from_iterable(column)) for column in zip(*parts, strict=True)))
    return chunk_of(scope, trace_id, keys, *_pieces(runs))


def _pieces(runs: Sequence[Run]) -> Iterator[bytes | memoryview]:
    """What a chunk's body consists of: neighbours of one resource and scope share their head."""
    for (resource, scope_info), group in groupby(runs, itemgetter(0, 1)):
        some = list(group)
        yield head(resource, scope_info, sum(run.n_bytes() for run in some))
        for run in some:
            yield from run.pieces()
