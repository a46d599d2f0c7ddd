"""Pure: one OTLP request as bytes -> span records, and what was rejected with the reasons.

In: the serialised `ExportTraceServiceRequest` and the request's project. Out: `Decoded`. Next: the
store commits the records with `exporter.resolve` as its resolver.

Only the few attribute keys that name a session or a project are looked at; everything else travels
on as bytes.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.baggage import PROJECT_KEY
from exporter.resolve import watches_itself
from exporter.span_checks import Checks
from pipeline.errors import BadRequest
from pipeline.model.span_record import SpanRecord
from pipeline.temporal.ids import SELF_PROJECT

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

MAX_ID_CHARS = 512
MAX_TIME = 2**63 - 1

_RANK = {key: rank for rank, key in enumerate(SESSION_KEYS)}
_NO_TRACE = bytes(16)
_NO_SPAN = bytes(8)


class Decoded(NamedTuple):
    """The records in the order of the request, and how many spans were rejected for which reason."""

    spans: tuple[SpanRecord, ...]
    rejected: Counter[str]


class Surroundings(NamedTuple):
    """What all spans of one scope share."""

    scope: str
    fallback_project: str
    resource: bytes
    scope_info: bytes
    checks: Checks


ALL_PASS = Checks()


def decode(body: bytes, *, project: str, scope: str = "", checks: Checks = ALL_PASS) -> Decoded:
    """Read one request; raises `BadRequest` if the body is not one."""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError:
        raise BadRequest("the body is not an OTLP ExportTraceServiceRequest") from None
    spans: list[SpanRecord] = []
    rejected: Counter[str] = Counter()
    for resource_spans in request.resource_spans:
        resource = resource_spans.resource
        shared = resource.SerializeToString()
        fallback = _own_ids(resource.attributes)[1] or project
        for scope_spans in resource_spans.scope_spans:
            scope_info = scope_spans.scope.SerializeToString()
            around = Surroundings(scope, fallback, shared, scope_info, checks)
            for span in scope_spans.spans:
                read = _read_span(span, around)
                if isinstance(read, str):
                    rejected[read] += 1
                else:
                    spans.append(read)
    return Decoded(tuple(spans), rejected)


def describe_rejected(rejected: Counter[str]) -> str:
    """The reasons with their counts, the most frequent first, for `partial_success`."""
    ordered = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return "rejected spans: " + "; ".join(f"{count} with {reason}" for reason, count in ordered)


def id_fault(name: str, text: str) -> str | None:
    """Why `text` cannot be an id; None if it can. The store's databases cannot keep a NUL."""
    if len(text) > MAX_ID_CHARS:
        return f"a {name} longer than {MAX_ID_CHARS} characters"
    if "\0" in text:
        return f"a NUL character in the {name}"
    return None


def _read_span(span: Span, around: Surroundings) -> SpanRecord | str:
    """The record of one span, or why it is rejected."""
    trace_id, span_id, parent_id = span.trace_id, span.span_id, span.parent_span_id
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    session, own_project = _own_ids(span.attributes)
    fault = _fault_of_ids(trace_id, span_id, parent_id) or _fault_of_names(
        session, own_project, around.fallback_project
    )
    if fault is not None:
        return fault
    if start > MAX_TIME or end > MAX_TIME:
        return "a time beyond the year 2262"
    if (own_project or around.fallback_project) == SELF_PROJECT and _is_echo(span.attributes):
        return "a workflow that analyses the sidecar's own sessions"
    body = span.SerializeToString()
    if fault := around.checks.fault(own_project or around.fallback_project, body):
        return fault
    return SpanRecord(
        around.scope,
        trace_id.hex(),
        span_id.hex(),
        parent_id.hex() if parent_id and parent_id != _NO_SPAN else None,
        start,
        # Clocks step back and some spans never end: a span ends no earlier than it starts.
        max(start, end),
        session,
        own_project,
        around.fallback_project,
        body,
        around.resource,
        around.scope_info,
    )


def _fault_of_ids(trace_id: bytes, span_id: bytes, parent_id: bytes) -> str | None:
    if len(trace_id) != 16 or trace_id == _NO_TRACE:
        return "an invalid trace id"
    if len(span_id) != 8 or span_id == _NO_SPAN:
        return "an invalid span id"
    if parent_id and len(parent_id) != 8:
        return "an invalid parent span id"
    return None


def _fault_of_names(session: str | None, own_project: str | None, fallback: str) -> str | None:
    return (
        (session and id_fault("session id", session))
        or (own_project and id_fault("project", own_project))
        or id_fault("project", fallback)
    ) or None


def _own_ids(attributes: Iterable[KeyValue]) -> tuple[str | None, str | None]:
    """(session id, project) of these attributes; None where there is none."""
    session: str | None = None
    project: str | None = None
    best = len(SESSION_KEYS)
    for attribute in attributes:
        key = attribute.key
        rank = _RANK.get(key)
        if rank is not None:
            if rank < best and (text := id_text(attribute.value)) is not None:
                session, best = text, rank
        elif key == PROJECT_KEY and project is None:
            project = id_text(attribute.value)
    return session, project


def _is_echo(attributes: Iterable[KeyValue]) -> bool:
    """Whether a span of the sidecar's own project is of an analysis of that project."""
    values = {attribute.key: attribute.value for attribute in attributes}
    workflow_id = values.get("temporalWorkflowID", AnyValue()).string_value
    depth = values.get("kelet.depth", AnyValue()).int_value
    return watches_itself(SELF_PROJECT, workflow_id, depth)


def id_text(value: AnyValue) -> str | None:
    """A string that is not blank as it stands, a number as text; anything else is no id."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value if value.string_value.strip() else None
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return number_text(value.double_value)
        case _:
            return None


def number_text(number: float) -> str | None:
    """12.0 and 12 are the same id: some SDKs send every number as a double."""
    if not math.isfinite(number):
        return None
    return str(int(number)) if number.is_integer() else repr(number)
