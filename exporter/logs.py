"""Pure: OTLP log records that carry what an agent said -> spans of its session; the rest is let go.

In: an `ExportLogsServiceRequest`. Out: `ReadLogs`: a trace request, and how many records were let go.
Next: the receiver takes the request like any other. What is understood: docs/logs.md.

A record becomes a span whose ids are hashes of what it says, so that sending it again is harmless. The
span keeps the record's attributes; content moves to the GenAI attributes, where the analysis looks.
A GenAI event stays an event, the one of its span.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from exporter.decode import MAX_TIME, SESSION_KEYS, id_text
from exporter.log_content import CONTENTS, EVENT_PREFIX, REASONING, Attributes, Content
from exporter.log_genai import EVENTS, genai_content

EVENT_KEY = "kelet.log.event"
SCOPE_PREFIX = "com.anthropic.claude_code"
NS_A_MS = 1_000_000

_SESSION = SESSION_KEYS[0]
_FROM_RESOURCE = ("gen_ai.agent.name", "enduser.id")
_METADATA = "metadata."


class ReadLogs(NamedTuple):
    """Spans in the order of the records, and how many records hold nothing for us."""

    request: ExportTraceServiceRequest
    n_spans: int
    n_discarded: int


def read_logs(logs: ExportLogsServiceRequest) -> ReadLogs:
    """Read every record; none can fail."""
    request = ExportTraceServiceRequest()
    n_spans = n_records = 0
    for resource_logs in logs.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            n_records += len(scope_logs.log_records)
            spans = [
                span
                for record in scope_logs.log_records
                if (span := span_of(record, scope_logs.scope.name, resource_logs.resource))
            ]
            if spans:
                n_spans += len(spans)
                outer = request.resource_spans.add(resource=resource_logs.resource)
                outer.scope_spans.add(scope=scope_logs.scope, spans=spans)
    return ReadLogs(request, n_spans, n_records - n_spans)


def span_of(record: LogRecord, scope: str, resource: Resource) -> Span | None:
    """The span of a record; None when it carries no content or belongs to no session."""
    event = event_of(record, scope)
    given = {pair.key: pair.value for pair in record.attributes}
    content = _content(event, record, given)
    if content is None:
        return None
    around = {pair.key: pair.value for pair in resource.attributes}
    own = _session(given)
    session = own or _session(around)
    traced = _is_id(record.trace_id, 16)
    if session is None and not traced:
        return None
    place = _place(record, event, session, content, given)
    end = min(_time(record), MAX_TIME)
    span = Span(
        trace_id=place.trace_id,
        span_id=place.span_id,
        parent_span_id=place.parent_id,
        name=event,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=end if event in EVENTS else max(0, end - _duration(given)),
        end_time_unix_nano=end,
        attributes=_attributes(given, around, event, content),
    )
    if session is not None and own is None and not traced:
        span.attributes.append(_pair(_SESSION, session))
    if content.error is not None:
        failed = Status(code=Status.STATUS_CODE_ERROR, message=content.error)
        span.status.CopyFrom(failed)
    if content.event is not None:
        said = [KeyValue(key=key, value=value) for key, value in content.event.items()]
        span.events.add(time_unix_nano=end, name=event, attributes=said)
    return span


def _content(event: str, record: LogRecord, given: Attributes) -> Content | None:
    if event in EVENTS:
        return genai_content(event, record.body, given)
    read = CONTENTS.get(event)
    return read(given) if read else None


def _time(record: LogRecord) -> int:
    """Many set only when a record was observed, which the SDK does too."""
    return record.time_unix_nano or record.observed_time_unix_nano


def event_of(record: LogRecord, scope: str) -> str:
    """The full name of the event, "" for a log that is none of ours.

    It stands in the record's event name or in its body, in older ones in an attribute; Claude Code's
    attribute is its short form.
    """
    for name in (record.event_name, record.body.string_value):
        if name == REASONING or name in EVENTS or name.startswith(EVENT_PREFIX):
            return name
    for pair in record.attributes:
        name = pair.value.string_value if pair.key == "event.name" else ""
        if name in EVENTS:
            return name
        if name and scope.startswith(SCOPE_PREFIX):
            return EVENT_PREFIX + name.removeprefix(EVENT_PREFIX)
    return ""


class _Place(NamedTuple):
    trace_id: bytes
    span_id: bytes
    parent_id: bytes


def _place(
    record: LogRecord,
    event: str,
    session: str | None,
    content: Content,
    given: Mapping[str, AnyValue],
) -> _Place:
    """Where the span hangs: below its prompt, else below the span that it was logged in."""
    prompt = text_at(given, "prompt.id")
    if session is not None and (prompt or not _is_id(record.trace_id, 16)):
        trace_id = _digest(16, "log-trace", session)
        top = _digest(8, "log-prompt", session, prompt) if prompt else b""
        if content.is_prompt and top:
            return _Place(trace_id, top, b"")
        return _Place(trace_id, _span_id(record, event, session, given), top)
    parent = record.span_id if _is_id(record.span_id, 8) else b""
    return _Place(record.trace_id, _span_id(record, event, session, given), parent)


def _span_id(
    record: LogRecord, event: str, session: str | None, given: Mapping[str, AnyValue]
) -> bytes:
    """Two events that tell the same answer share one id, else a hash of all that the record says."""
    request_id = text_at(given, "request_id")
    if request_id and event in ANSWERS:
        return _digest(8, "log-answer", session or "", request_id)
    pairs = sorted((key, value.SerializeToString().hex()) for key, value in given.items())
    body = record.body.SerializeToString(deterministic=True).hex()
    call = record.span_id.hex() if event in EVENTS else ""  # parallel calls are asked the same
    said = (event, session or "", call, str(_time(record)), body)
    return _digest(8, "log-record", *said, *(part for pair in pairs for part in pair))


ANSWERS = frozenset({f"{EVENT_PREFIX}api_response_body", f"{EVENT_PREFIX}assistant_response"})


def _attributes(
    given: Mapping[str, AnyValue],
    around: Mapping[str, AnyValue],
    event: str,
    content: Content,
) -> list[KeyValue]:
    """The record's own, without what moved; the content; what the resource says of the session."""
    moved = {key: value for key, value in given.items() if key not in content.consumed}
    inherited = {
        key: value
        for key, value in around.items()
        if (key in _FROM_RESOURCE or key.startswith(_METADATA)) and key not in given
    }
    pairs = [KeyValue(key=key, value=value) for key, value in (moved | inherited).items()]
    pairs += [_pair(key, text) for key, text in content.attributes.items()]
    return [*pairs, _pair(EVENT_KEY, event)]


def text_at(given: Mapping[str, AnyValue], key: str) -> str:
    """A string attribute, "" if there is none."""
    value = given.get(key)
    return value.string_value if value is not None else ""


def _duration(given: Mapping[str, AnyValue]) -> int:
    """`duration_ms` in nanoseconds; Claude Code sends numbers as strings too."""
    text = id_text(given["duration_ms"]) if "duration_ms" in given else None
    try:
        return min(MAX_TIME, max(0, round(float(text or 0) * NS_A_MS)))
    except (ValueError, OverflowError):
        return 0


def _session(attributes: Mapping[str, AnyValue]) -> str | None:
    found = (id_text(attributes[key]) for key in SESSION_KEYS if key in attributes)
    return next((text for text in found if text), None)


def _is_id(value: bytes, length: int) -> bool:
    return len(value) == length and any(value)


def _pair(key: str, text: str) -> KeyValue:
    """JSON can spell half a surrogate pair, protobuf cannot."""
    whole = text.encode("utf-8", "replace").decode()
    return KeyValue(key=key, value=AnyValue(string_value=whole))


def _digest(n_bytes: int, *parts: str) -> bytes:
    return hashlib.sha256(_joined(parts)).digest()[:n_bytes]


def _joined(parts: Iterable[str]) -> bytes:
    """Lengths keep neighbouring parts apart."""
    return b"".join(b"%d:%s" % (len(raw), raw) for raw in (part.encode() for part in parts))
