"""The OTLP exporter of the sidecar, over HTTP or gRPC, that does not hold up the end of a process.

In: `settings.Settings`. Out: `sidecar_exporter`. Next: `configuration` puts a batch before it.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from kelet_temporal.settings import Settings

_ending = threading.Event()


def sidecar_exporter(settings: Settings) -> SpanExporter:
    """To the sidecar's own door, or by OTLP/gRPC where that was asked for."""
    return Impatient(_grpc(settings) if settings.otlp_endpoint else _http(settings))


class Impatient(SpanExporter):
    """At the end of the process the first batch that cannot be sent is the last that is tried.

    A sidecar that is away would cost the end of the process ten seconds for each of them.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._failed = False
        # What is registered last runs first: before the provider of the process is shut down.
        atexit.register(_ending.set)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._failed and _ending.is_set():
            return SpanExportResult.FAILURE
        self._failed = True  # older exporters raise
        result = self._exporter.export(spans)
        self._failed = result is SpanExportResult.FAILURE
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _grpc(settings: Settings) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    endpoint, key = settings.otlp_endpoint or "", settings.api_key
    return OTLPSpanExporter(
        endpoint=endpoint,
        insecure=endpoint.startswith("http://"),
        headers={
            "x-kelet-project": settings.project,
            **({"authorization": f"Bearer {key}"} if key else {}),
        },
    )


def _http(settings: Settings) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(
        endpoint=f"{settings.base_url}/api/traces",
        headers={"Authorization": settings.api_key or "", "X-Kelet-Project": settings.project},
    )
