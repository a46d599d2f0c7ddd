"""The three signals of OTLP and how each names its messages.

In: nothing. Out: `OtlpKind`, `KINDS`. Next: the gRPC and HTTP doors register one method or path a kind.
"""

from collections import Counter
from typing import Any, NamedTuple

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from exporter.decode import describe_rejected


class OtlpKind(NamedTuple):
    """One signal: its name in paths, its gRPC service, its messages."""

    name: str
    service: str
    request: type[Message]
    response: type[Message]
    rejected_field: str

    def answer(self, rejected: Counter[str]) -> Message:
        """The response; `partial_success` is set only if something was rejected."""
        response: Any = self.response()
        if rejected:
            setattr(response.partial_success, self.rejected_field, rejected.total())
            response.partial_success.error_message = describe_rejected(rejected)
        return response


def _service(module: Any, name: str) -> str:
    return str(module.DESCRIPTOR.services_by_name[name].full_name)


TRACES = OtlpKind(
    "traces",
    _service(trace_service_pb2, "TraceService"),
    trace_service_pb2.ExportTraceServiceRequest,
    trace_service_pb2.ExportTraceServiceResponse,
    "rejected_spans",
)
LOGS = OtlpKind(
    "logs",
    _service(logs_service_pb2, "LogsService"),
    logs_service_pb2.ExportLogsServiceRequest,
    logs_service_pb2.ExportLogsServiceResponse,
    "rejected_log_records",
)
METRICS = OtlpKind(
    "metrics",
    _service(metrics_service_pb2, "MetricsService"),
    metrics_service_pb2.ExportMetricsServiceRequest,
    metrics_service_pb2.ExportMetricsServiceResponse,
    "rejected_data_points",
)
KINDS = (TRACES, LOGS, METRICS)
