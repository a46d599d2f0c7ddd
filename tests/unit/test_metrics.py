"""Own metrics: every name of the code exists, labels are bounded, text never gets in, both ways out."""

import re
import time
from concurrent import futures
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from exporter.metrics import COUNTS, DESCRIPTIONS, MAX_VALUES, Metrics
from exporter.telemetry import Telemetry
from pipeline.errors import BadRequest, LimitExceeded

EDGE = Path(__file__).parents[2] / "exporter"
ADDED = re.compile(r"metrics\.add\(\s*\"([a-z_]+)\"")


def page(telemetry: Telemetry) -> str:
    return telemetry.page().decode()


def test_every_name_that_is_counted_exists_and_is_counted_somewhere() -> None:
    text = "".join(path.read_text() for path in EDGE.glob("*.py"))
    named = set(ADDED.findall(text))
    assert named
    assert named <= set(COUNTS)
    own = {"requests", "requests_refused", "request_bytes", "redactions"}
    told = {f"{kind}_discarded" for kind in ("traces", "logs", "metrics")}
    assert set(COUNTS) - own - told <= named
    assert {counted.metric for counted in COUNTS.values()} <= set(DESCRIPTIONS)


def test_an_unknown_name_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Metrics().add("spans_acepted")


def test_prometheus_sees_counts_times_and_gauges() -> None:
    telemetry = Telemetry()
    metrics = telemetry.metrics
    metrics.add("spans_accepted", 5)
    metrics.add("spans_known", 0)
    metrics.redacted({"jwt": 2})
    with metrics.request("traces", 100):
        pass
    with pytest.raises(LimitExceeded), metrics.request("traces", 50):
        raise LimitExceeded("x")
    metrics.refuse(LimitExceeded("x"))
    metrics.refuse(ValueError("x"))
    with metrics.commit():
        pass
    metrics.gauge("in_flight_bytes", "Bytes.", lambda: 7)
    metrics.gauge("sessions", "Sessions.", lambda: {"open": 3})
    lines = page(telemetry).splitlines()
    for line in (
        'kelet_spans_total{outcome="accepted"} 5.0',
        'kelet_redactions_total{kind="jwt"} 2.0',
        'kelet_requests_total{signal="traces"} 2.0',
        'kelet_request_bytes_total{signal="traces"} 150.0',
        'kelet_requests_refused_total{reason="limit_exceeded"} 1.0',
        'kelet_requests_refused_total{reason="internal"} 1.0',
        'kelet_request_seconds_count{outcome="refused",signal="traces"} 1.0',
        "kelet_commit_seconds_count 1.0",
        "kelet_in_flight_bytes 7.0",
        'kelet_sessions{state="open"} 3.0',
    ):
        assert line in lines
    assert 'outcome="duplicate"' not in page(telemetry)
    assert metrics["spans_accepted"] == 5
    assert metrics.sums()["redactions"] == 2
    telemetry.close()


def test_labels_are_codes_and_few() -> None:
    telemetry = Telemetry()
    for n in range(2 * MAX_VALUES):
        telemetry.metrics.add("redactions", kind=f"kind{n}")
    telemetry.metrics.add("redactions", kind="Bob's canary")
    lines = [line for line in page(telemetry).splitlines() if line.startswith("kelet_redactions")]
    assert len(lines) == MAX_VALUES + 1
    assert f'kelet_redactions_total{{kind="other"}} {MAX_VALUES + 1.0}' in lines
    assert "canary" not in page(telemetry)
    telemetry.close()


class Collector(metrics_service_pb2_grpc.MetricsServiceServicer):
    """Keeps the names of what it is sent."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def Export(self, request: ExportMetricsServiceRequest, context: Any) -> Any:  # noqa: N802
        scopes = (s for r in request.resource_metrics for s in r.scope_metrics)
        self.names |= {metric.name for scope in scopes for metric in scope.metrics}
        return ExportMetricsServiceResponse()


def test_metrics_are_pushed_where_told() -> None:
    server, collector = grpc.server(futures.ThreadPoolExecutor(1)), Collector()
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    telemetry = Telemetry(f"http://127.0.0.1:{port}", every=timedelta(hours=1))
    telemetry.metrics.add("spans_accepted")
    telemetry.close()
    server.stop(None).wait()
    assert "kelet_spans" in collector.names


def test_a_stop_does_not_wait_for_a_collector_that_is_away() -> None:
    started = time.monotonic()
    telemetry = Telemetry("http://127.0.0.1:1", every=timedelta(hours=1))
    telemetry.close()
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://localhost:4317", "the sidecar itself"),
        ("http://127.0.0.1:4318", "the sidecar itself"),
        ("collector:4317", "not a URL"),
        ("http://collector:port", "not a URL"),
    ],
)
def test_metrics_are_never_pushed_to_oneself(url: str, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        Telemetry(url, own_ports=frozenset({4317, 4318}))
