"""Pure: spans as bytes <-> one serialised OTLP `TracesData`, without a look into a span.

In: groups of spans that share a resource and a scope; or a body. Out: a body; or the groups. Next: the
store appends bodies to its log; `span_codec` reads single spans.

The schema declares `ScopeSpans.spans` as bytes, which is the same on the wire, so that protobuf cuts
the spans out in C.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

try:
    from pipeline.store.pack_runs import head as packed_head
except ImportError:
    packed_head = None

PACKAGE = "kelet.store"
BYTES, MESSAGE = FieldDescriptorProto.TYPE_BYTES, FieldDescriptorProto.TYPE_MESSAGE
ONE, MANY = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED

_RESOURCE_SPANS, _RESOURCE, _SCOPE_SPANS, _SCOPE, _SPAN = (
    b"\x0a",
    b"\x0a",
    b"\x12",
    b"\x0a",
    b"\x12",
)
"""Tags of the fields that a body consists of."""


class SpanGroup(NamedTuple):
    """Neighbouring spans of one resource and scope, all serialised."""

    resource: bytes
    scope_info: bytes
    spans: list[bytes]


def _traces_data() -> Any:
    file = FileDescriptorProto(name="kelet/store/chunk.proto", package=PACKAGE, syntax="proto3")
    messages = {
        "TracesData": (("resource_spans", 1, MANY, ".ResourceSpans"),),
        "ResourceSpans": (("resource", 1, ONE, ""), ("scope_spans", 2, MANY, ".ScopeSpans")),
        "ScopeSpans": (("scope", 1, ONE, ""), ("spans", 2, MANY, "")),
    }
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, number, label, kind in fields:
            added = message.field.add(name=field, number=number, label=label)
            added.type = MESSAGE if kind else BYTES
            added.type_name = f".{PACKAGE}{kind}" if kind else ""
            if not kind:
                added.ClearField("type_name")
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.TracesData"))


TracesData = _traces_data()
"""Parses a `TracesData` or an `ExportTraceServiceRequest`, which are the same on the wire."""


def split(body: bytes) -> Iterator[SpanGroup]:
    """The groups of a body, in its order."""
    for resource_spans in TracesData.FromString(body).resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield SpanGroup(resource_spans.resource, scope_spans.scope, list(scope_spans.spans))


def join(groups: Iterable[SpanGroup]) -> bytes:
    """One body of all groups."""
    return b"".join([_resource_spans(group) for group in groups])


def only(body: bytes, places: Sequence[int]) -> bytes:
    """The body with the spans at these places alone, counted over all groups."""
    wanted, at = set(places), 0
    kept: list[SpanGroup] = []
    for group in split(body):
        spans = [span for i, span in enumerate(group.spans, at) if i in wanted]
        at += len(group.spans)
        if spans:
            kept.append(group._replace(spans=spans))
    return join(kept)


def _resource_spans(group: SpanGroup) -> bytes:
    spans = group.spans
    parts = [b""] * (2 * len(spans))
    parts[::2] = [prefix(_SPAN, len(span)) for span in spans]
    parts[1::2] = spans
    fields = b"".join(parts)
    return head(group.resource, group.scope_info, len(fields)) + fields


def plain_head(resource: bytes, scope_info: bytes, n_bytes: int) -> bytes:
    """What a group begins with; so many bytes of fields with spans follow."""
    outer, inner = _wrapped(resource, scope_info)
    inner = prefix(_SCOPE_SPANS, len(inner) + n_bytes) + inner
    return prefix(_RESOURCE_SPANS, len(outer) + len(inner) + n_bytes) + outer + inner


head = packed_head or plain_head
"""The compiled one, where it is built (`chunk_runs`)."""


@lru_cache(maxsize=256)
def _wrapped(resource: bytes, scope_info: bytes) -> tuple[bytes, bytes]:
    """Resource and scope as fields."""
    return (
        prefix(_RESOURCE, len(resource)) + resource,
        prefix(_SCOPE, len(scope_info)) + scope_info,
    )


def prefix(tag: bytes, length: int) -> bytes:
    """Tag and length of a length-delimited field."""
    if length < 0x80:
        return tag + _BYTES[length]
    if length < 0x4000:
        return tag + bytes((length & 0x7F | 0x80, length >> 7))
    if length < 0x200000:
        return tag + bytes((length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14))
    varint = bytearray(tag)
    while length > 0x7F:
        varint.append(length & 0x7F | 0x80)
        length >>= 7
    varint.append(length)
    return bytes(varint)


_BYTES = tuple(bytes((n,)) for n in range(0x80))
