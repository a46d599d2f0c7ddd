"""Where the edge's own metrics go: `/metrics` for Prometheus, and over OTLP where a setting says so.

In: where to push. Out: `Telemetry`. Next: `exporter.http` serves `page`, a collector gets the rest.

Push is off by default and has a setting of its own. It never goes to this sidecar: what a sidecar
receives makes metrics, which it would send to itself.
"""

from datetime import timedelta
from importlib.metadata import version
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from exporter.metrics import PREFIX, Metrics
from pipeline.errors import BadRequest

LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})
PUSH_TIMEOUT = timedelta(seconds=5)


class Telemetry:
    """One meter provider; ends with `close`."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(
        self,
        push_to: str | None = None,
        every: timedelta = timedelta(seconds=30),
        own_ports: frozenset[int] = frozenset(),
    ) -> None:
        self._registry = CollectorRegistry()
        readers: list[MetricReader] = [
            PrometheusMetricReader(
                disable_target_info=True, scope_info_enabled=False, registry=self._registry
            )
        ]
        if push_to:
            readers.append(_pusher(push_to, every, own_ports))
        resource = Resource.create(
            {"service.name": "kelet-sidecar", "service.version": version("kelet-sidecar")}
        )
        self._provider = MeterProvider(readers, resource, shutdown_on_exit=False)
        self.metrics = Metrics(self._provider.get_meter(PREFIX))

    def page(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def close(self) -> None:
        """Push what is left, briefly, and stop."""
        self._provider.shutdown(timeout_millis=PUSH_TIMEOUT.total_seconds() * 1000)


def _pusher(url: str, every: timedelta, own_ports: frozenset[int]) -> PeriodicExportingMetricReader:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadRequest("metrics_otlp_endpoint: not a URL such as http://collector:4317")
    if parts.hostname in LOCAL and port in own_ports:
        raise BadRequest("metrics_otlp_endpoint: this is the sidecar itself")
    exporter = OTLPMetricExporter(
        endpoint=url,
        insecure=parts.scheme == "http",
        timeout=int(PUSH_TIMEOUT.total_seconds()),
    )
    return PeriodicExportingMetricReader(
        exporter,
        export_interval_millis=every.total_seconds() * 1000,
        export_timeout_millis=PUSH_TIMEOUT.total_seconds() * 1000,
    )
