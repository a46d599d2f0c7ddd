"""Pure: where the spans of an OTLP trace request lie, found without reading any of them.

In: the bytes of an `ExportTraceServiceRequest`. Out: `Layout`, the scopes in their order with the bounds of
their spans. Next: `decode` hands spans on as slices of the request.

Every known encoder writes a scope before its spans and one span behind the other. A request that is
written otherwise, or has fields that OTLP does not know, is written anew first. Nothing is checked here:
whoever reads the spans finds what is broken in them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exporter.otlp_fields import OUTER, n_fields
from exporter.scan import scan_edges
from pipeline.errors import LimitExceeded
from pipeline.store.chunk_body import TracesData

_RESOURCE_SPANS, _RESOURCE, _SCOPE_SPANS, _SCOPE, _SPAN, _SCHEMA_URL = 10, 10, 18, 10, 18, 26
"""Tags: all fields outside of spans are length-delimited."""
_MORE = 0x80
"""The bit of a byte of a number that says that another follows."""
_MAX_LENGTH_BYTES = 5
MAX_GROUPS = 65_536
"""Resources and scopes of one request: each costs about as much as a span."""


class Scope(NamedTuple):
    """Resource and scope as they came. Span n is the field between edges n and n + 1."""

    resource: bytes
    scope_info: bytes
    edges: NDArray[np.int64]

    def n_spans(self) -> int:
        """There may be none."""
        return len(self.edges) - 1

    def bounds(self) -> list[int]:
        """The edges, to go from one to the next."""
        return self.edges.tolist()

    def sizes(self) -> NDArray[np.int64]:
        """Bytes of each span with its tag and length."""
        return self.edges[1:] - self.edges[:-1]


class Layout(NamedTuple):
    """The scopes of a body, those without spans too; `body` may have been written anew."""

    body: bytes
    scopes: list[list[Scope]]
    """By resource."""
    idle: list[bytes]
    """Resources without scopes."""

    def n_spans(self) -> int:
        """Spans of all scopes."""
        return sum(scope.n_spans() for scopes in self.scopes for scope in scopes)

    def largest_head(self) -> int:
        """Bytes of the largest resource or scope."""
        heads = (max(map(len, s[:2])) for scopes in self.scopes for s in scopes)
        return max(heads, default=0)

    def largest_span(self) -> int:
        """Bytes of the largest span."""
        sizes = (scope.sizes() for scopes in self.scopes for scope in scopes)
        return max((int(some.max(initial=0)) for some in sizes), default=0)


class _Unusual(Exception):
    """Sound perhaps, but not as encoders write it."""


def lay_out(body: bytes, max_spans: int) -> Layout:
    """Where everything is. Above `max_spans` it stops, with one more than that; raises `DecodeError`.

    Raises `LimitExceeded` for more than `MAX_GROUPS` resources and scopes.
    """
    try:
        return _layout(body, max_spans + 1)
    except (_Unusual, IndexError):
        pass
    anew = _written_anew(body, max_spans + 1)
    return _layout(anew, max_spans + 1)


def _written_anew(body: bytes, room: int) -> bytes:
    """In the order of the fields and without unknown ones."""
    if n_fields(body, OUTER, limit := 4 * MAX_GROUPS + 2 * room) > limit:
        raise _too_many()
    raw = TracesData.FromString(body)
    raw.DiscardUnknownFields()
    for scope_spans in (s for r in raw.resource_spans for s in r.scope_spans):
        del scope_spans.spans[room:]
        room -= len(scope_spans.spans)
    return raw.SerializeToString(deterministic=True)


def _layout(body: bytes, room: int) -> Layout:
    found, idle = list[list[Scope]](), list[bytes]()
    n_groups = 0
    for tag, begin, end in _fields(body, 0, len(body)):
        if tag != _RESOURCE_SPANS:
            raise _Unusual
        resource, scopes = _scopes(body, begin, end, room)
        if resource and not scopes:
            idle.append(resource)
        n_groups += 1 + len(scopes)
        if n_groups > MAX_GROUPS:
            raise _too_many()
        room -= sum(scope.n_spans() for scope in scopes)
        found.append(scopes)
    return Layout(body, found, idle)


def _scopes(body: bytes, begin: int, end: int, room: int) -> tuple[bytes, list[Scope]]:
    """A resource and its scopes."""
    resource, found = b"", list[Scope]()
    for tag, first, last in _fields(body, begin, end):
        if tag == _RESOURCE and not found and not resource:
            resource = body[first:last]
        elif tag == _SCOPE_SPANS:
            found.append(_scope(body, first, last, resource, room))
            room -= found[-1].n_spans()
            if len(found) > MAX_GROUPS:
                raise _too_many()
        elif not _is_schema_url(body, tag, first, last):
            raise _Unusual
    return resource, found


def _too_many() -> LimitExceeded:
    return LimitExceeded(
        f"the request has more than {MAX_GROUPS} resources and scopes: send smaller batches"
    )


def _scope(body: bytes, begin: int, end: int, resource: bytes, room: int) -> Scope:
    scope_info = b""
    if begin < end and body[begin] == _SCOPE:
        first, begin = _length_delimited(body, begin)
        scope_info = body[first:begin]
    edges = scan_edges(body, begin, end, room)
    if edges is None:
        edges = np.array(_bounds(body, begin, end, room), np.int64)
    if len(edges) <= room:
        for field in _fields(body, int(edges[-1]), end):
            if not _is_schema_url(body, *field):
                raise _Unusual
    return Scope(resource, scope_info, edges)


def _is_schema_url(body: bytes, tag: int, first: int, last: int) -> bool:
    """It is not kept, but it must be text like any other."""
    try:
        body[first:last].decode()
    except UnicodeDecodeError:
        return False
    return tag == _SCHEMA_URL


def _bounds(body: bytes, at: int, end: int, room: int) -> list[int]:
    """Where each span begins and the last one ends. Once a span: hence so plain."""
    bounds = [at]
    add = bounds.append
    for _ in range(room):
        if at >= end or body[at] != _SPAN:
            break
        low = body[at + 1]
        if low < _MORE:
            at += 2 + low
        elif (high := body[at + 2]) < _MORE:
            at += 3 + low - _MORE + (high << 7)
        else:
            at = _length_delimited(body, at)[1]
        add(at)
    return bounds


def _fields(body: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, begin and end of the content of each field."""
    while at < end:
        tag = body[at]
        first, at = _length_delimited(body, at)
        yield tag, first, at
    if at > end:
        raise _Unusual


def _length_delimited(body: bytes, at: int) -> tuple[int, int]:
    """Begin and end of the content of the field that begins here."""
    size = 0
    for n in range(_MAX_LENGTH_BYTES):
        byte = body[at + 1 + n]
        size |= (byte & ~_MORE) << (7 * n)
        if byte < _MORE:
            return at + 2 + n, at + 2 + n + size
    raise _Unusual
