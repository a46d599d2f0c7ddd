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
from typing import NamedTuple

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from exporter.otlp_layout import Layout, lay_out
from exporter.otlp_layout import Scope as LaidScope
from exporter.otlp_scan import (
    SESSION_KEYS,
    ScanRequest,
    id_text,
    number_text,
    own_projects,
)
from exporter.scan import Scan, scan
from exporter.span_checks import Checks
from exporter.span_columns import (
    MAX_ID_CHARS,
    MAX_TIME,
    Columns,
    columns_of,
    columns_of_scan,
    id_fault,
)
from pipeline.errors import BadRequest, LimitExceeded
from pipeline.model.trace_chunk import ChunkKeys, Outline, TraceChunk
from pipeline.store.chunk_body import head
from pipeline.store.chunk_keys import (
    Names,
    chunk_of,
    outline,
    pack_columns,
    shortened,
    unpack_keys,
)
from pipeline.store.chunk_runs import Run as KeyedRun
from pipeline.store.chunk_runs import runs_of

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


class Scope(NamedTuple):
    """The sound spans of one scope, and what is the same for all traces in it."""

    head: tuple[bytes, bytes]
    """Resource and scope."""
    columns: Columns
    runs: list[KeyedRun]
    projects: Names
    """The own projects, shortened."""
    distinct: bool
    """No span id stands twice."""

    def names(self, first: int, last: int) -> tuple[Names, Names, Names]:
        """Own sessions, own projects, fallbacks of some spans, each shortened."""
        columns, projects = self.columns, self.projects
        return (
            shortened(columns.own_sessions[first:last]),
            projects if len(projects) == 1 else shortened(projects[first:last]),
            (columns.fallback,),
        )

    def keys(self, run: KeyedRun) -> tuple[bytes, Outline]:
        """Packed, and what they say of all spans of the run."""
        first, last, _, packed = run
        columns, projects = self.columns, self.projects
        if packed is not None:  # all of them name the same
            session = columns.own_sessions[first]
            return packed, Outline(session, projects[0], columns.fallback, False)
        names = self.names(first, last)
        return pack_columns(columns.spans().columns(first, last), *names), outline(*names)


Run = tuple[Scope, KeyedRun]
"""Neighbouring spans of one trace: a part of the columns of a scope."""

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
    runs: dict[str, list[Run]] = {}
    copied = 0
    for scope_spans in _scopes(body, project, checks, rejected):
        copied += len(scope_spans.runs) * sum(map(len, scope_spans.head))
        for run in scope_spans.runs:
            runs.setdefault(run[2], []).append((scope_spans, run))
    if copied > MAX_COPIED_BYTES and sum(map(_copied, runs.values())) > MAX_COPIED_BYTES:
        raise too_many_copies()
    chunks = tuple(_chunk(scope, trace_id, found) for trace_id, found in runs.items())
    return Decoded(chunks, sum(chunk.n_spans for chunk in chunks), rejected)


def _copied(runs: Sequence[Run]) -> int:
    """Bytes of the heads of one trace: neighbours share theirs."""
    return sum(sum(map(len, head)) for head, _ in groupby(runs, _head))


def _head(run: Run) -> tuple[bytes, bytes]:
    return run[0].head


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


def _scopes(body: bytes, project: str, checks: Checks, rejected: Counter[str]) -> Iterator[Scope]:
    """The scopes of the request that have sound spans."""
    try:
        layout = lay_out(body, checks.max_spans)
        too_heavy = layout.largest_span() > checks.max_span_bytes
        if too_heavy or layout.largest_head() > checks.max_head_bytes:
            raise Heavy
        # A huge number of tiny spans takes many times the room of its bytes.
        checks.admit(layout.n_spans())
    except DecodeError:
        raise BadRequest(NO_REQUEST) from None
    scans = _scans(layout)
    if scans is None:
        yield from _parsed(layout, project, checks, rejected)
        return
    for laid, own_project, found in scans:
        fallback = own_project or project
        columns = columns_of_scan(found, layout.body, laid, fallback, checks, rejected)
        if len(columns):
            yield _scope(laid, columns)


def _scans(layout: Layout) -> list[tuple[LaidScope, str | None, Scan]] | None:
    """Every scope that has spans, with the project of its resource; None if protobuf has to read."""
    found: list[tuple[LaidScope, str | None, Scan]] = []
    try:
        for resource in layout.idle:
            _project_of(resource, b"")
        for laid in (scope for scopes in layout.scopes for scope in scopes):
            own_project = _project_of(laid.resource, laid.scope_info)
            if laid.n_spans():
                read = scan(layout.body, laid.edges)
                if read is None:
                    return None
                found.append((laid, own_project, read))
    except DecodeError:
        return None
    return found


def _parsed(
    layout: Layout, project: str, checks: Checks, rejected: Counter[str]
) -> Iterator[Scope]:
    """The same by protobuf, which knows whatever may be unusual."""
    try:
        request = ScanRequest.FromString(layout.body)
    except DecodeError:
        raise Unreadable(NO_REQUEST) from None
    for resource_spans, laid_scopes in zip(request.resource_spans, layout.scopes, strict=True):
        fallback = own_projects([resource_spans.resource.attributes])[0] or project
        for scope_spans, laid in zip(resource_spans.scope_spans, laid_scopes, strict=True):
            spans = list(scope_spans.spans)
            if spans:
                columns = columns_of(spans, layout.body, laid, fallback, checks, rejected)
                if len(columns):
                    yield _scope(laid, columns)


def _project_of(resource: bytes, scope_info: bytes) -> str | None:
    """The project that a resource names. Raises `DecodeError` for what protobuf would not read there."""
    small = len(resource) + len(scope_info) <= KEPT_BYTES
    project = _kept_project if small else _kept_project.__wrapped__
    return project(resource, scope_info)


def _canonical_resource(resource: bytes) -> bytes:
    """Encoders differ in what they write of empty fields. Large ones are not kept."""
    small = len(resource) <= KEPT_BYTES
    return _kept_resource(resource) if small else _kept_resource.__wrapped__(resource)


def _canonical_scope(scope: bytes) -> bytes:
    return _kept_scope(scope) if len(scope) <= KEPT_BYTES else _kept_scope.__wrapped__(scope)


@lru_cache(maxsize=256)
def _kept_project(resource: bytes, scope_info: bytes) -> str | None:
    request = ScanRequest.FromString(head(resource, scope_info, 0))
    return own_projects([request.resource_spans[0].resource.attributes])[0]


@lru_cache(maxsize=64)
def _kept_resource(resource: bytes) -> bytes:
    return Resource.FromString(resource).SerializeToString(deterministic=True)


@lru_cache(maxsize=256)
def _kept_scope(scope: bytes) -> bytes:
    return InstrumentationScope.FromString(scope).SerializeToString(deterministic=True)


def _scope(laid: LaidScope, columns: Columns) -> Scope:
    projects = shortened(columns.own_projects)
    return Scope(
        (_canonical_resource(laid.resource), _canonical_scope(laid.scope_info)),
        columns,
        runs_of(columns.spans(), projects, columns.fallback),
        projects,
        columns.distinct(),
    )


def _chunk(scope: str, trace_id: str, runs: Sequence[Run]) -> TraceChunk:
    """What a request brings of one trace."""
    if len(runs) > 1:
        return _joined(scope, trace_id, runs)
    ((spans, run),) = runs
    first, last, *_ = run
    keys, whole = spans.keys(run)
    fields = spans.columns.fields(first, last)
    pieces = (head(*spans.head, len(fields)), fields)
    return TraceChunk(scope, trace_id, last - first, whole, keys, pieces, spans.distinct)


def _joined(scope: str, trace_id: str, runs: Sequence[Run]) -> TraceChunk:
    """The spans of all runs, one behind the other."""
    parts = [unpack_keys(spans.keys(run)[0]) for spans, run in runs]
    keys = ChunkKeys(*(list(chain.from_iterable(column)) for column in zip(*parts, strict=True)))
    return chunk_of(scope, trace_id, keys, *_pieces(runs))


def _pieces(runs: Sequence[Run]) -> Iterator[bytes | memoryview]:
    """What a chunk's body consists of: neighbours of one resource and scope share their head."""
    for shared, group in groupby(runs, _head):
        pieces = [spans.columns.fields(first, last) for spans, (first, last, *_) in group]
        yield head(*shared, sum(map(len, pieces)))
        yield from pieces
