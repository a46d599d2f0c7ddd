"""What a developer passes to the edge: ports, limits and periods.

In: nothing. Out: `EdgeSettings`. Next: `exporter.server` hands it to every part of the edge. What a
user sets is `pipeline.config.Config`; the command line makes one from the other.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from exporter.redact_rules import RedactSettings
from pipeline.config import Config

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class EdgeSettings:
    """Limits of the edge. `max_request_bytes` stays below what grpc itself cuts off."""

    host: str = "127.0.0.1"
    grpc_port: int = 4317
    """0 takes any free port."""
    http_port: int = 4318
    insecure: bool = False
    """Whether others may reach the ports though there are no keys."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    """With it clients must show a certificate (mutual TLS)."""
    default_project: str = "default"
    max_request_bytes: int = 16 * MIB
    """A larger OTLP request is refused for good, with the limit and the setting's name."""
    max_decompressed_bytes: int = 16 * MIB
    """What a compressed HTTP body may become."""
    max_json_bytes: int = 8 * MIB
    """JSON takes many times its size in memory."""
    max_attribute_bytes: int = 4 * MIB
    """A span with a larger attribute is rejected, the others of its request are not."""
    max_signal_bytes: int = MIB
    max_in_flight_bytes: int = 32 * MIB
    max_in_flight_requests: int = 512
    max_in_flight_spans: int = 65_536
    retry_after: timedelta = timedelta(seconds=1)
    """What an overloaded edge asks clients to wait."""
    redact: RedactSettings = field(default_factory=RedactSettings)
    metrics_otlp_endpoint: str | None = None
    drain: timedelta = timedelta(seconds=10)
    """How long a stop waits for calls in flight."""
    debounce: timedelta = timedelta(minutes=5)
    """The same as the session workflows': the sweep needs it to know what is overdue."""
    cap: timedelta = timedelta(hours=2)
    quiet: timedelta = timedelta(seconds=30)
    """How long an agent is left in peace before its aggregation runs."""
    sweep_every: timedelta = timedelta(seconds=30)
    sweep_grace: timedelta = timedelta(minutes=1)
    sweep_limit: int = 500
    max_nudges: int = 10_000
    """Nudges waiting to be sent; beyond it they are dropped and the sweep repairs."""
    n_nudgers: int = 16
    retention_age: timedelta | None = None
    retention_bytes: int | None = None
    retain_every: timedelta = timedelta(minutes=5)
    """How often old sessions are looked for."""
    health_every: timedelta = timedelta(seconds=5)
    worker_silence: timedelta = timedelta(seconds=90)
    """A worker that has not polled for this long is gone (a long poll lasts a minute)."""

    def __post_init__(self) -> None:
        if self.max_request_bytes > self.max_in_flight_bytes:
            raise ValueError("max_request_bytes must not exceed max_in_flight_bytes")

    @classmethod
    def of(cls, config: Config) -> "EdgeSettings":
        """What a user set, the rest by default."""
        return cls(
            host=config.host,
            grpc_port=config.grpc_port,
            http_port=config.http_port,
            insecure=config.insecure,
            tls_cert=config.tls_cert,
            tls_key=config.tls_key,
            tls_client_ca=config.tls_client_ca,
            max_request_bytes=config.max_request_bytes,
            max_decompressed_bytes=config.max_decompressed_bytes,
            max_json_bytes=config.max_json_bytes,
            max_attribute_bytes=config.max_attribute_bytes,
            max_signal_bytes=config.max_signal_bytes,
            max_in_flight_bytes=config.max_in_flight_bytes,
            max_in_flight_requests=config.max_in_flight_requests,
            max_in_flight_spans=config.max_in_flight_spans,
            redact=RedactSettings.of(config),
            metrics_otlp_endpoint=config.metrics_otlp_endpoint,
            drain=config.drain,
            debounce=config.debounce,
            cap=config.session_cap,
            quiet=config.aggregation_quiet,
            retention_age=config.retention_age or None,
            retention_bytes=config.retention_size,
            sweep_every=config.sweep_interval,
            sweep_grace=config.sweep_grace,
        )

    @property
    def grpc_message_bytes(self) -> int:
        """grpc's own limit answers without RetryInfo or reason, so it lies well above ours."""
        return max(64 * MIB, 2 * self.max_request_bytes)
