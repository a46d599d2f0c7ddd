"""Pure: OTLP/JSON text -> an `ExportTraceServiceRequest`, and what in it could not be read.

In: one JSON object, as the Collector's file exporter writes a line of. Out: `ReadRequest`. Next: the
importer sends the request.

OTLP/JSON is protobuf's JSON with ids in hex; some exporters write base64 as protobuf itself would.
Reasons name places and fields, never what stands there: it may be trace text.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar, cast

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from pipeline.errors import BadRequest

M = TypeVar("M", bound=Message)
Json = Mapping[str, Any]

_ID_BYTES = {"traceId": 16, "spanId": 8, "parentSpanId": 8}
_SNAKE = {"traceId": "trace_id", "spanId": "span_id", "parentSpanId": "parent_span_id"}
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_PARSED_FIELD = re.compile(r"Failed to parse (\w+) field")


class ReadRequest(NamedTuple):
    """The request without the spans that could not be read, and the reason for each of those."""

    request: ExportTraceServiceRequest
    rejected: tuple[str, ...]


def read_request(body: bytes | str, *, may_be_empty: bool = False) -> ReadRequest:
    """Read one request; raises `BadRequest` when it is none, while a bad span costs only itself."""
    given = parse(body)
    groups = None if may_be_empty and not given else _resource_spans(given)
    request = ExportTraceServiceRequest()
    rejected: list[str] = []
    for group_at, group in objects_of(groups, "resourceSpans"):
        target = request.resource_spans.add()
        target.schema_url = _string(group, "schemaUrl", "schema_url")
        fill(object_of(group, "resource"), target.resource, f"resourceSpans[{group_at}].resource")
        scopes = field_of(group, "scopeSpans", "scope_spans")
        for scope_at, scope in objects_of(scopes, "scopeSpans"):
            place = f"resourceSpans[{group_at}].scopeSpans[{scope_at}]"
            inner = target.scope_spans.add()
            inner.schema_url = _string(scope, "schemaUrl", "schema_url")
            fill(object_of(scope, "scope"), inner.scope, f"{place}.scope")
            for span_at, span in enumerate(list_of(scope.get("spans"), "spans")):
                try:
                    _fill_span(span, inner.spans.add(), f"{place}.spans[{span_at}]")
                except BadRequest as error:
                    del inner.spans[-1]
                    rejected.append(str(error))
    return ReadRequest(request, tuple(rejected))


def parse(body: bytes | str) -> Json:
    try:
        given = json.loads(body)
    except json.JSONDecodeError as error:
        raise BadRequest(f"not JSON: {error.msg} at column {error.colno}") from None
    except UnicodeDecodeError:
        raise BadRequest("not JSON: not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadRequest(
            "not JSON that can be read: nested too deep or a number too long"
        ) from None
    if not isinstance(given, dict):
        raise BadRequest("not a JSON object")
    return cast("Json", given)


def _resource_spans(given: Json) -> Any:
    groups = field_of(given, "resourceSpans", "resource_spans")
    if groups is not None:
        return groups
    for other in ("resourceMetrics", "resourceLogs", "resourceProfiles"):
        if other in given:
            raise BadRequest(f"holds {other}, not traces")
    raise BadRequest("has no resourceSpans")


def _fill_span(span: Any, target: Message, place: str) -> None:
    if not isinstance(span, dict):
        raise BadRequest(f"{place} is not a JSON object")
    given = dict(cast("Json", span))
    convert_ids(given, place)
    links = list_of(given.get("links"), f"{place}.links")
    given["links"] = [_link(link, f"{place}.links[{at}]") for at, link in enumerate(links)]
    fill(given, target, place)


def _link(link: Any, place: str) -> Json:
    if not isinstance(link, dict):
        raise BadRequest(f"{place} is not a JSON object")
    given = dict(cast("Json", link))
    convert_ids(given, place)
    return given


def convert_ids(given: dict[str, Any], place: str) -> None:
    """Ids in place from hex or base64 to base64, which is what protobuf's JSON has."""
    for name, n_bytes in _ID_BYTES.items():
        key = name if name in given else _SNAKE[name]
        if given.get(key) is not None:
            value = _id_bytes(given[key], n_bytes, f"{place}.{name}")
            given[key] = base64.b64encode(value).decode()


def _id_bytes(value: Any, n_bytes: int, place: str) -> bytes:
    """An id of the wrong length is still an id here: the receiver refuses it and counts it."""
    if isinstance(value, str):
        if len(value) == 2 * n_bytes and _HEX.fullmatch(value):
            return bytes.fromhex(value)
        try:
            decoded = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if len(decoded) == n_bytes:
            return decoded
        if _HEX.fullmatch(value):
            return bytes.fromhex(value)
    raise BadRequest(f"{place} is neither {2 * n_bytes} hex digits nor base64 of {n_bytes} bytes")


def fill(given: Json, target: M, place: str) -> M:
    try:
        return ParseDict(cast("dict[str, Any]", given), target, ignore_unknown_fields=True)
    except ParseError as error:
        path = ".".join([place, *_PARSED_FIELD.findall(str(error))])
        raise BadRequest(f"{path} has a value that does not fit") from None
    except SystemError:  # protobuf's way to say it of a field's or an enum's name
        raise BadRequest(f"{place} has a name that is no text: half of a surrogate pair") from None


def field_of(given: Json, name: str, snake: str) -> Any:
    return given.get(name, given.get(snake))


def _string(given: Json, name: str, snake: str) -> str:
    value = field_of(given, name, snake)
    return value if isinstance(value, str) else ""


def object_of(given: Json, name: str) -> Json:
    value: Any = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"{name} is not a JSON object")
    return cast("Json", value)


def list_of(value: Any, place: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRequest(f"{place} is not a JSON array")
    return cast("list[Any]", value)


def objects_of(value: Any, place: str) -> Iterator[tuple[int, Json]]:
    for at, item in enumerate(list_of(value, place)):
        if not isinstance(item, dict):
            raise BadRequest(f"{place}[{at}] is not a JSON object")
        yield at, cast("Json", item)
