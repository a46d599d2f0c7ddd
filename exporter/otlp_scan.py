"""Pure: OTLP trace requests parsed so that finding one attribute makes no object of the others.

In: request bytes. Out: `ScanRequest`, a message class; the span's own ids from its attributes. Next:
`decode` turns the request into chunks.

The schema is OTLP's own but for one field: `Span.attributes` is declared as a map, which is the same
on the wire as repeated `KeyValue`s. Everything is still checked as OTLP prescribes, in C. Of a key that
stands twice the last wins, as maps in protobuf have it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from exporter.baggage import PROJECT_KEY

SESSION_KEYS = (
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "gen_ai.session.id",
    "traceloop.association.properties.session_id",
    "langsmith.trace.session_id",
    "ai.telemetry.metadata.sessionId",
    "session_id",
)
"""Where a span's own session id is looked for; the first that is there wins."""

_SCRUBBED = "[Scrubbed due to "

Attributes = Mapping[str, AnyValue]


def _messages() -> tuple[Any, ...]:
    pool = DescriptorPool()
    for module in (common_pb2, resource_pb2, trace_pb2, trace_service_pb2):
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            if message.name in ("Span", "Resource"):
                _map_attributes(message, f".{file.package}.{message.name}")
        pool.Add(file)
    parents = (trace_service_pb2.ExportTraceServiceRequest, trace_pb2.ScopeSpans)
    names = (parent.DESCRIPTOR.full_name for parent in parents)
    return tuple(GetMessageClass(pool.FindMessageTypeByName(name)) for name in names)


def _map_attributes(message: DescriptorProto, full_name: str) -> None:
    entry = message.nested_type.add(name="AttributesEntry")
    entry.options.map_entry = True
    kinds = (FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_MESSAGE)
    for number, (name, kind) in enumerate(zip(("key", "value"), kinds, strict=True), 1):
        optional = FieldDescriptorProto.LABEL_OPTIONAL
        entry.field.add(name=name, number=number, type=kind, label=optional)
    entry.field[1].type_name = f".{AnyValue.DESCRIPTOR.full_name}"
    (field,) = (field for field in message.field if field.name == "attributes")
    field.type_name = f"{full_name}.AttributesEntry"


ScanRequest, ScanScopeSpans = _messages()
"""`ExportTraceServiceRequest` and `ScopeSpans` with maps of attributes."""


def own_sessions(attributes: Sequence[Attributes]) -> list[str | None]:
    """Each span's own session id; None where it carries none.

    Most ids are strings at the first key: only where one is not is a span looked at by itself.
    """
    first = SESSION_KEYS[0]
    found = [given[first].string_value if first in given else "" for given in attributes]
    if all(map(is_name, set(found))):
        return list(found)
    return [
        text if is_name(text) else _first_session(given)
        for text, given in zip(found, attributes, strict=True)
    ]


def own_projects(attributes: Sequence[Attributes]) -> list[str | None]:
    """Each span's own project; None where it carries none."""
    return [id_text(a[PROJECT_KEY]) if PROJECT_KEY in a else None for a in attributes]


def _first_session(attributes: Attributes) -> str | None:
    for key in SESSION_KEYS:
        if key in attributes and (text := id_text(attributes[key])) is not None:
            return text
    return None


def id_text(value: AnyValue) -> str | None:
    """A string that names something as it stands, a number as text; anything else is no id."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value if is_name(value.string_value) else None
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return number_text(value.double_value)
        case _:
            return None


def is_name(text: str) -> bool:
    """Not blank, and not what Logfire writes over what it takes for a secret: `[Scrubbed due to ...]`."""
    return bool(text.strip()) and not text.startswith(_SCRUBBED)


def number_text(number: float) -> str | None:
    """12.0 and 12 are the same id: some SDKs send every number as a double."""
    if not math.isfinite(number):
        return None
    return str(int(number)) if number.is_integer() else repr(number)
