"""The one way to a Temporal service, embedded or elsewhere, Temporal Cloud included.

In: `Config`. Out: a `Client` that speaks pydantic. Next: `nudges` and `pipeline.worker`.
"""

from functools import cache
from pathlib import Path
from typing import Literal

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import TLSConfig

from pipeline.config import Config
from pipeline.errors import BadRequest, TemporalUnavailable


async def connect(config: Config, *, lazy: bool = False) -> Client:
    """A client; `lazy` returns at once and connects with the first call, so that ingest can start."""
    key = config.temporal_api_key
    try:
        return await Client.connect(
            config.temporal_target,
            namespace=config.temporal_namespace,
            api_key=key.get_secret_value() if key else None,
            tls=tls_of(config),
            data_converter=pydantic_data_converter,
            lazy=lazy,
            runtime=runtime_of("WARN" if config.log_level == "debug" else "ERROR"),
        )
    except RuntimeError as error:
        raise TemporalUnavailable(f"no Temporal service at {config.temporal_target}") from error


@cache
def runtime_of(level: Literal["WARN", "ERROR"]) -> Runtime:
    """The SDK's core writes to the terminal by itself. Its warnings are of tasks that took long on a
    busy machine, dozens of lines at every import; what matters of them our own log and health say.
    """
    filters = TelemetryFilter(core_level=level, other_level=level)
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=filters)))


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
