"""Pure: a request of any size -> chunks, in memory that its size bounds.

In: the serialised `ExportTraceServiceRequest`. Out: `decode_bounded`, the same as `decode`. Next: the store
commits the chunks.

Parsed, a body of nothing but empty fields takes fifty times its size. An ordinary one is parsed as a
whole all the same, as it is small; a large one in parts, each no larger than that; and a span or resource
that alone is larger is looked through first, and rejected where it has too many fields. Where something
cannot be parsed the spans are tried one by one.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from google.protobuf.message import DecodeError

from exporter.decode import (
    ALL_PASS,
    MAX_COPIED_BYTES,
    NO_REQUEST,
    Decoded,
    Heavy,
    Unreadable,
    decode,
    too_many_copies,
)
from exporter.otlp_fields import (
    MANY_BYTES,
    MAX_FIELDS,
    RESOURCE,
    SCOPE,
    SPAN_FIELD,
    Shape,
    largest_attribute,
    n_fields,
)
from exporter.otlp_layout import Scope, lay_out
from exporter.readable import UNREADABLE, only_readable
from exporter.span_checks import Checks
from pipeline.errors import BadRequest
from pipeline.model.trace_chunk import TraceChunk
from pipeline.store.chunk_body import head

WHOLE_BYTES = 2 * 2**20
"""Parsed at once."""
PART_BYTES = 2**20
"""One span may be larger."""
TOO_MANY_FIELDS = f"more than {MAX_FIELDS} fields in attributes, events and links"


def decode_bounded(
    body: bytes, *, project: str, scope: str = "", checks: Checks = ALL_PASS
) -> Decoded:
    """Read one request; raises `BadRequest` if the body is not one, and `LimitExceeded`."""
    if len(body) <= WHOLE_BYTES:
        small = min(MANY_BYTES, checks.max_attribute_bytes)
        light = checks._replace(max_head_bytes=small, max_span_bytes=MANY_BYTES)
        try:
            return decode(body, project=project, scope=scope, checks=light)
        except Heavy:
            pass
        except Unreadable:
            checks = checks._replace(admit=int)  # its spans are admitted
    rejected: Counter[str] = Counter()
    chunks: list[TraceChunk] = []
    n_spans, room = 0, MAX_COPIED_BYTES
    for part in _parts(body, checks, rejected):
        try:
            found = decode(part, project=project, scope=scope, checks=checks._replace(admit=int))
        except Unreadable:
            left = only_readable(part, rejected)
            found = decode(left, project=project, scope=scope, checks=checks._replace(admit=int))
        chunks += found.chunks
        n_spans += found.n_spans
        rejected += found.rejected
        room -= sum(len(piece) for chunk in found.chunks for piece in chunk.pieces) - len(part)
        if room < 0:
            raise too_many_copies()
    rejected = +rejected
    if not chunks and rejected.keys() == {UNREADABLE}:
        raise BadRequest(NO_REQUEST)
    return Decoded(tuple(chunks), n_spans, rejected)


def _parts(body: bytes, checks: Checks, rejected: Counter[str]) -> Iterator[bytes]:
    """Requests of one scope each, without what is too large to be parsed."""
    try:
        layout = lay_out(body, checks.max_spans)
    except DecodeError:
        raise BadRequest(NO_REQUEST) from None
    checks.admit(layout.n_spans())
    view = memoryview(layout.body)
    for laid in (scope for scopes in layout.scopes for scope in scopes if scope.n_spans()):
        fault = _fault(laid.resource, RESOURCE, checks)
        fault = fault or _fault(laid.scope_info, SCOPE, checks)
        if fault:
            rejected[fault] += laid.n_spans()
        else:
            yield from _parts_of_scope(view, laid, checks, rejected)


def _parts_of_scope(
    body: memoryview, laid: Scope, checks: Checks, rejected: Counter[str]
) -> Iterator[bytes]:
    """Neighbouring spans, as many as a part may have, or one that is larger."""
    bounds = laid.bounds()
    first = bounds[0]
    for begin, end in pairwise(bounds):
        too_much = end - first > PART_BYTES
        if too_much and begin > first:
            yield _part(laid, body[first:begin])
            first = begin
        large = end - begin > MANY_BYTES
        if large and (fault := _fault(body[begin:end], SPAN_FIELD, checks)):
            if begin > first:
                yield _part(laid, body[first:begin])
            rejected[fault] += 1
            first = end
    if first < bounds[-1]:
        yield _part(laid, body[first : bounds[-1]])


def _part(laid: Scope, spans: memoryview) -> bytes:
    return b"".join((head(laid.resource, laid.scope_info, len(spans)), spans))


def _fault(message: bytes | memoryview, shape: Shape, checks: Checks) -> str | None:
    """Why this span, or the spans of this resource or scope, are rejected."""
    if len(message) > MANY_BYTES and n_fields(message, shape) > MAX_FIELDS:
        return TOO_MANY_FIELDS
    limit = checks.max_attribute_bytes
    if len(message) > limit and largest_attribute(message, shape) > limit:
        return checks.large_attribute()
    return None
