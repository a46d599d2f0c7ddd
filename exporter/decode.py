"""Pure: one OTLP request as bytes -> chunks, one a trace, and what was rejected with the reasons.

In: the serialised `ExportTraceServiceRequest` and the request's project. Out: `Decoded`. Next: the
store commits the chunks.

Only the few attribute keys that name a session or a project are looked at; everything else travels
on as the bytes that came.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple, cast

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from exporter.otlp_scan import SESSION_KEYS, ScanRequest, id_text, number_text, own_projects
from exporter.span_checks import Checks
from exporter.span_columns import MAX_ID_CHARS, MAX_TIME, Columns, columns_of, id_fault, sound
from pipeline.errors import BadRequest
from pipeline.model.trace_chunk import ChunkKeys, TraceChunk
from pipeline.store.chunk_body import SpanGroup, TracesData, join
from pipeline.store.chunk_keys import chunk_of

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


class Draft(NamedTuple):
    """What a request brings of one trace, gathered."""

    keys: ChunkKeys
    groups: list[SpanGroup]


ALL_PASS = Checks()


def decode(body: bytes, *, project: str, scope: str = "", checks: Checks = ALL_PASS) -> Decoded:
    """Read one request; raises `BadRequest` if the body is not one."""
    rejected: Counter[str] = Counter()
    drafts: dict[bytes, Draft] = {}
    for resource, scope_info, columns in _scopes(body, project, checks, rejected):
        at = 0
        for trace_id, run in groupby(columns.trace_ids):
            end = at + len(list(run))
            _gather(drafts, trace_id, resource, scope_info, columns, slice(at, end))
            at = end
    chunks = tuple(
        chunk_of(scope, trace_id.hex(), draft.keys, join(draft.groups))
        for trace_id, draft in drafts.items()
    )
    return Decoded(chunks, sum(len(chunk.span_ids) for chunk in chunks), rejected)


def describe_rejected(rejected: Counter[str]) -> str:
    """The reasons with their counts, the most frequent first, for `partial_success`."""
    ordered = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return "rejected spans: " + "; ".join(f"{count} with {reason}" for reason, count in ordered)


def _scopes(
    body: bytes, project: str, checks: Checks, rejected: Counter[str]
) -> Iterator[tuple[bytes, bytes, Columns]]:
    """Resource, scope and sound spans of each scope of the request."""
    try:
        raw = TracesData.FromString(body)
        # A huge number of tiny spans takes many times the room of its bytes.
        checks.admit(sum(len(s.spans) for r in raw.resource_spans for s in r.scope_spans))
        request = ScanRequest.FromString(body)
    except DecodeError:
        raise BadRequest("the body is not an OTLP ExportTraceServiceRequest") from None
    for resource_spans, raw_spans in zip(request.resource_spans, raw.resource_spans, strict=True):
        fallback = own_projects([resource_spans.resource.attributes])[0] or project
        resource = _canonical_resource(raw_spans.resource)
        inner = zip(resource_spans.scope_spans, raw_spans.scope_spans, strict=True)
        for scope_spans, raw_scope_spans in inner:
            spans = list(scope_spans.spans)
            if spans:
                columns = columns_of(spans, list(raw_scope_spans.spans), fallback)
                columns = sound(columns, spans, checks, rejected)
                yield resource, _canonical_scope(raw_scope_spans.scope), columns


@lru_cache(maxsize=64)
def _canonical_resource(resource: bytes) -> bytes:
    """Encoders differ in what they write of empty fields."""
    return Resource.FromString(resource).SerializeToString(deterministic=True)


@lru_cache(maxsize=256)
def _canonical_scope(scope: bytes) -> bytes:
    return InstrumentationScope.FromString(scope).SerializeToString(deterministic=True)


def _gather(
    drafts: dict[bytes, Draft],
    trace_id: bytes,
    resource: bytes,
    scope_info: bytes,
    columns: Columns,
    run: slice,
) -> None:
    """Put neighbouring spans of one trace to what came of it before."""
    group = SpanGroup(resource, scope_info, list(columns.spans[run]))
    draft = drafts.get(trace_id)
    if draft is None:
        whole = cast("tuple[Sequence[Any], ...]", columns.keys)
        keys = ChunkKeys(*(list(column[run]) for column in whole))
        drafts[trace_id] = Draft(keys, [group])
        return
    for gathered, column in zip(draft.keys, columns.keys, strict=True):
        gathered.extend(column[run])  # pyright: ignore[reportAttributeAccessIssue]
    last = draft.groups[-1]
    if last[:2] == group[:2]:
        last.spans.extend(group.spans)
    else:
        draft.groups.append(group)
