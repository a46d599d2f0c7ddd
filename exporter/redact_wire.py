"""Pure: the texts of an OTLP request, found and replaced without decoding what is clean.

In: serialised requests, `TextRedactor`s. Out: `WireRedactor`. Next: `exporter.redact`.

Two schemas are derived from OTLP's own. In both every `string` is `bytes`, so that texts need no
decoding and broken UTF-8 is left for the decoder to reject. The shallow one also takes resources,
scopes and spans for bytes: they are scanned as they are, and only what is hit is parsed.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from exporter import otlp_fields as fields
from exporter.redact_text import TextRedactor
from pipeline.errors import LimitExceeded
from pipeline.store.chunk_body import prefix

_FILES = (common_pb2, resource_pb2, trace_pb2, trace_service_pb2)
_OPAQUE = frozenset({"resource", "scope", "spans"})
_NO_TEXT = frozenset({"trace_id", "span_id", "parent_span_id"})
_PACKAGE = "opentelemetry.proto."


def _derive(root: str, *, opaque: bool) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        text = file.SerializeToString().replace(_PACKAGE.encode(), root.encode())
        file = FileDescriptorProto.FromString(text)
        del file.service[:]
        file.ClearField("options")
        for message in file.message_type:
            _loosen_message(message, opaque)
        pool.Add(file)  # pyright: ignore[reportDeprecated]
    return pool


def _loosen_message(message: DescriptorProto, opaque: bool) -> None:
    for field in message.field:
        _loosen(field, opaque)
    for nested in message.nested_type:
        _loosen_message(nested, opaque)


def _loosen(field: FieldDescriptorProto, opaque: bool) -> None:
    is_opaque = opaque and field.name in _OPAQUE
    if is_opaque or field.type == FieldDescriptorProto.TYPE_STRING:
        field.type = FieldDescriptorProto.TYPE_BYTES
        field.ClearField("type_name")


# Names of the same length, so that the lengths within the serialised descriptors stay right.
_SHALLOW, _DEEP = "opentelemetry.shal0.", "opentelemetry.deep0."
_pools = {root: _derive(root, opaque=root == _SHALLOW) for root in (_SHALLOW, _DEEP)}


def _message(root: str, name: str) -> type[Message]:
    return message_factory.GetMessageClass(_pools[root].FindMessageTypeByName(root + name))


REQUEST = _message(_SHALLOW, "collector.trace.v1.ExportTraceServiceRequest")
RESOURCE = _message(_DEEP, "resource.v1.Resource")
SCOPE = _message(_DEEP, "common.v1.InstrumentationScope")
SPAN = _message(_DEEP, "trace.v1.Span")
SHAPES = {RESOURCE: fields.RESOURCE, SCOPE: fields.SCOPE, SPAN: fields.SPAN}


def _check_fields(message: bytes, shape: fields.Shape) -> None:
    """Parsed, a message of nothing but empty fields takes fifty times its size."""
    if len(message) > fields.MANY_BYTES and fields.n_fields(message, shape) > fields.MAX_FIELDS:
        raise LimitExceeded(
            f"the request has more than {fields.MAX_FIELDS} spans, or fields in one of them:"
            " send smaller ones"
        )


def _serialized(request: Any) -> bytes:
    """The request as protobuf would write it, which would take twice the bytes while it does."""
    out = BytesIO()
    for group in request.resource_spans:
        resource, url = _field(1, group.resource), _field(3, group.schema_url)
        heads = [_field(1, scope.scope) for scope in group.scope_spans]
        urls = [_field(3, scope.schema_url) for scope in group.scope_spans]
        sizes = [
            len(head) + len(scope_url) + sum(len(_key(2, len(s))) + len(s) for s in scope.spans)
            for head, scope_url, scope in zip(heads, urls, group.scope_spans, strict=True)
        ]
        n_bytes = len(resource) + len(url) + sum(len(_key(2, size)) + size for size in sizes)
        out.write(_key(1, n_bytes) + resource)
        for head, scope_url, size, scope in zip(heads, urls, sizes, group.scope_spans, strict=True):
            out.write(_key(2, size) + head)
            for span in scope.spans:
                out.write(_key(2, len(span)) + span)
            out.write(scope_url)
        out.write(url)
    return out.getvalue()


def _field(number: int, inner: bytes) -> bytes:
    return _key(number, len(inner)) + inner if inner else b""


def _key(number: int, length: int) -> bytes:
    """What stands before a length-delimited field."""
    return prefix(bytes((number << 3 | 2,)), length)


class WireRedactor:
    """Replaces in whole requests. Attributes named in `apart` have a redactor of their own."""

    def __init__(self, texts: TextRedactor, apart: Mapping[bytes, TextRedactor]) -> None:
        self._texts = texts
        self._apart = apart

    def request(self, body: bytes, counts: Counter[str]) -> bytes:
        """The same object if there is nothing to replace, or if it is no such request."""
        if not self._texts.scanner.hits(body):
            return body
        _check_fields(body, fields.OUTER)
        request: Any = REQUEST()
        try:
            request.ParseFromString(body)
        except DecodeError:
            return body
        changed = False
        for group in request.resource_spans:
            changed |= self._field(group, "resource", RESOURCE, counts)
            changed |= self._plain(group, "schema_url", counts)
            for scope in group.scope_spans:
                changed |= self._field(scope, "scope", SCOPE, counts)
                changed |= self._plain(scope, "schema_url", counts)
                changed |= self._spans(scope.spans, counts)
        return _serialized(request) if changed else body

    def _spans(self, spans: Any, counts: Counter[str]) -> bool:
        hits = self._texts.scanner.hits
        changed = False
        for index in range(len(spans)):
            raw = spans[index]
            if hits(raw) and (new := self._part(SPAN, raw, counts)) is not raw:
                spans[index] = new
                changed = True
        return changed

    def _field(self, owner: Any, name: str, kind: type[Message], counts: Counter[str]) -> bool:
        raw: bytes = getattr(owner, name)
        if not raw or not self._texts.scanner.hits(raw):
            return False
        new = self._part(kind, raw, counts)
        setattr(owner, name, new)
        return new is not raw

    def _plain(self, owner: Any, name: str, counts: Counter[str]) -> bool:
        raw: bytes = getattr(owner, name)
        new = self._texts.text(raw, counts) if raw else raw
        setattr(owner, name, new)
        return new is not raw

    def _part(self, kind: type[Message], raw: bytes, counts: Counter[str]) -> bytes:
        _check_fields(raw, SHAPES[kind])
        message = kind()
        try:
            message.ParseFromString(raw)
        except DecodeError:
            # Nested too deeply or cut off: made unreadable, so that the decoder rejects it for sure.
            return b"\xff"
        changed = self._walk(message, counts, self._texts, b"")
        return message.SerializeToString(deterministic=True) if changed else raw

    def _walk(self, message: Any, counts: Counter[str], texts: TextRedactor, name: bytes) -> bool:
        """Replace in every text of a message; `name` is the attribute that a value stands under."""
        if message.DESCRIPTOR.name == "KeyValue":
            return self._attribute(message, counts)
        changed = False
        for field, value in message.ListFields():
            if field.type == field.TYPE_MESSAGE:
                parts = value if field.is_repeated else (value,)
                for part in parts:
                    changed |= self._walk(part, counts, texts, name)
            elif field.type == field.TYPE_BYTES and field.name not in _NO_TEXT:
                changed |= self._replace(
                    message, field, value, lambda t: texts.named(name, t, counts)
                )
        return changed

    def _attribute(self, message: Any, counts: Counter[str]) -> bool:
        key: bytes = message.key
        texts = self._apart.get(key, self._texts)
        changed = self._walk(message.value, counts, texts, key)
        new = self._texts.text(key, counts)
        message.key = new
        return changed or new is not key

    @staticmethod
    def _replace(message: Any, field: Any, value: Any, replace: Callable[[bytes], bytes]) -> bool:
        if field.is_repeated:
            new = [replace(text) for text in value]
            changed = any(a is not b for a, b in zip(new, value, strict=True))
            if changed:
                getattr(message, field.name)[:] = new
            return changed
        text = replace(value)
        if text is not value:
            setattr(message, field.name, text)
        return text is not value
