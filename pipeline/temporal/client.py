"""The one way to a Temporal service, embedded or elsewhere, Temporal Cloud included.

In: `Config`. Out: a `Client` that speaks pydantic. Next: `nudges` and `pipeline.worker`.
"""

import logging
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from temporalio.client import Client
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    OpenTelemetryConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import TLSConfig

from pipeline.config import Config
from pipeline.errors import BadRequest, TemporalUnavailable
from pipeline.temporal.converter import converter_of


async def connect(config: Config, *, lazy: bool = False, measured: bool = False) -> Client:
    """A client; `lazy` returns at once and connects with the first call, so that ingest can start.

    `measured`: what works with it shows its metrics where settings say so.
    """
    key = config.temporal_api_key
    try:
        return await Client.connect(
            config.temporal_target,
            namespace=config.temporal_namespace,
            api_key=key.get_secret_value() if key else None,
            tls=tls_of(config),
            data_converter=converter_of(config),
            lazy=lazy,
            runtime=runtime_of(
                "WARN" if config.log_level == "debug" else "ERROR",
                metrics_of(config) if measured else None,
            ),
        )
    except RuntimeError as error:
        raise TemporalUnavailable(f"no Temporal service at {config.temporal_target}") from error


class Measured(NamedTuple):
    """Where the SDK's and the activities' metrics go."""

    bind: str | None
    push_to: str | None


def metrics_of(config: Config) -> Measured | None:
    """A port for Prometheus, else a push over OTLP, else nothing."""
    if config.worker_metrics_port is not None:
        return Measured(f"{config.host}:{config.worker_metrics_port}", None)
    if config.metrics_otlp_endpoint is not None:
        return Measured(None, config.metrics_otlp_endpoint)
    return None


def runtime_of(level: Literal["WARN", "ERROR"], measured: Measured | None = None) -> Runtime:
    """One a process: its threads and its port are not to be had twice."""
    return _runtime(level, measured)


@cache
def _runtime(level: Literal["WARN", "ERROR"], measured: Measured | None) -> Runtime:
    """The SDK's core would write to the terminal by itself; it goes through our log. Its warnings are
    of tasks that took long on a busy machine, dozens of lines at every import; what matters of them
    our own log and health say.
    """
    filters = TelemetryFilter(core_level=level, other_level=level)
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"))
    return Runtime(
        telemetry=TelemetryConfig(
            logging=LoggingConfig(filter=filters, forwarding=forwarding),
            metrics=_exporter(measured) if measured else None,
        )
    )


def _exporter(measured: Measured) -> PrometheusConfig | OpenTelemetryConfig:
    if measured.bind is not None:
        return PrometheusConfig(
            measured.bind, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
        )
    return OpenTelemetryConfig(measured.push_to or "", durations_as_seconds=True)


def tls_of(config: Config) -> TLSConfig | bool:
    """TLS settings: on when asked for, or when anything is set that only makes sense with it."""
    files = (config.temporal_tls_ca, config.temporal_tls_cert, config.temporal_tls_key)
    if not any(files) and config.temporal_tls_server_name is None:
        return config.temporal_tls or config.temporal_api_key is not None
    ca, cert, key = (_read(file) for file in files)
    return TLSConfig(
        server_root_ca_cert=ca,
        client_cert=cert,
        client_private_key=key,
        domain=config.temporal_tls_server_name,
    )


def _read(file: Path | None) -> bytes | None:
    try:
        return file.read_bytes() if file else None
    except OSError as error:
        raise BadRequest(
            f"{file}, named by a KELET_TEMPORAL_TLS_ setting, cannot be read: {error.strerror}"
        ) from None
