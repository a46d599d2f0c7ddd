"""What the HTTP routes work with.

In: nothing. Out: `HttpParts`. Next: `exporter.server` fills it, each module of routes takes of it.
"""

from typing import NamedTuple

from exporter.admission import Admission
from exporter.doors import IngestStore
from exporter.gate import Gate
from exporter.health import HealthBoard
from exporter.metrics import Metrics
from exporter.notify import Notifier
from exporter.otlp_doors import OtlpDoors
from exporter.redact import Redactor
from exporter.settings import EdgeSettings
from exporter.telemetry import Telemetry


class HttpParts(NamedTuple):
    """The edge's parts, shared with the gRPC side."""

    store: IngestStore
    admission: Admission
    notifier: Notifier
    board: HealthBoard
    settings: EdgeSettings
    metrics: Metrics
    gate: Gate
    doors: OtlpDoors
    redactor: Redactor
    telemetry: Telemetry
