"""Pure: OTLP/JSON of logs and metrics.

In: one JSON object. Out: an `ExportLogsServiceRequest`; how many metrics there were. Next:
`exporter.otlp_doors`, which turns log records into spans and lets the metrics go.
"""

from typing import Any, NamedTuple, cast

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from exporter.otlp_json import convert_ids, field_of, fill, list_of, object_of, objects_of, parse
from pipeline.errors import BadRequest


class ReadLogsRequest(NamedTuple):
    """The request without the records that could not be read, and the reason for each of those."""

    request: ExportLogsServiceRequest
    rejected: tuple[str, ...]


def read_logs_request(body: bytes | str) -> ReadLogsRequest:
    """Read one request; raises `BadRequest` when it is none, while a bad record costs only itself."""
    groups = field_of(parse(body), "resourceLogs", "resource_logs")
    request = ExportLogsServiceRequest()
    rejected: list[str] = []
    for group_at, group in objects_of(groups, "resourceLogs"):
        target = request.resource_logs.add()
        fill(object_of(group, "resource"), target.resource, f"resourceLogs[{group_at}].resource")
        scopes = field_of(group, "scopeLogs", "scope_logs")
        for scope_at, scope in objects_of(scopes, "scopeLogs"):
            place = f"resourceLogs[{group_at}].scopeLogs[{scope_at}]"
            inner = target.scope_logs.add()
            fill(object_of(scope, "scope"), inner.scope, f"{place}.scope")
            records = list_of(field_of(scope, "logRecords", "log_records"), "logRecords")
            for at, record in enumerate(records):
                try:
                    _fill_record(record, inner.log_records.add(), f"{place}.logRecords[{at}]")
                except BadRequest as error:
                    del inner.log_records[-1]
                    rejected.append(str(error))
    return ReadLogsRequest(request, tuple(rejected))


def _fill_record(record: Any, target: LogRecord, place: str) -> None:
    if not isinstance(record, dict):
        raise BadRequest(f"{place} is not a JSON object")
    given = dict(cast("dict[str, Any]", record))
    for key in ("traceId", "trace_id", "spanId", "span_id"):
        if given.get(key) == "":
            del given[key]
    convert_ids(given, place)
    fill(given, target, place)


def read_metrics_request(body: bytes | str) -> int:
    """How many metrics there are; what they say is not read."""
    groups = field_of(parse(body), "resourceMetrics", "resource_metrics")
    n_metrics = 0
    for _, group in objects_of(groups, "resourceMetrics"):
        scopes = field_of(group, "scopeMetrics", "scope_metrics")
        for _, scope in objects_of(scopes, "scopeMetrics"):
            n_metrics += len(list_of(scope.get("metrics"), "metrics"))
    return n_metrics
