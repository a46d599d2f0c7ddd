"""Everything a user can set, in one validated place: command line, then `KELET_*`, then a TOML file.

In: options, environment, the file named by `KELET_CONFIG`. Out: `Config`, `Duration`. Next: the
composition roots (`exporter.server`, `pipeline.worker`) hand the parts what they need of it.
"""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    Field,
    PlainSerializer,
    SecretStr,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.model.answers import ReadLimits

ENV_PREFIX = "KELET_"
FILE_VARIABLE = "KELET_CONFIG"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(value: Any) -> Any:
    """`5m`, `1h30m`, `250ms` or plain seconds as a timedelta; anything else is left to pydantic."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    return value


def format_duration(value: timedelta) -> str:
    """The shortest spelling that `parse_duration` reads back."""
    seconds = value.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds / _UNITS[unit])}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def known_database(url: str) -> str:
    """A URL of one of the two databases, or a path."""
    scheme, is_url, _ = url.partition("://")
    if is_url and scheme.partition("+")[0] not in ("postgresql", "postgres", "sqlite"):
        raise ValueError("the store is postgresql://... or sqlite:////path")
    return url


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", url)


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, when_used="json"),
    Field(ge=timedelta(0)),
]
StoreUrl = Annotated[
    str,
    AfterValidator(known_database),
    PlainSerializer(without_password, when_used="json"),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1)]
_FAMILY = "(secrets|emails|phones|cards)"
Families = Annotated[str, Field(pattern=f"^(none|{_FAMILY}(, ?{_FAMILY})*)$")]


class Config(BaseSettings):
    """The settings of a sidecar. Each is `KELET_<NAME>` in the environment and `<name>` in the file."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    data_dir: Path = Path(".kelet")
    """Folder of the database and of the embedded Temporal server's state; made if it is missing."""

    store_url: StoreUrl | None = None
    """`postgresql://user:password@host/name` or `sqlite:////path/file.db`. Unset: a file in `data_dir`."""

    host: str = "127.0.0.1"
    """Address that the gRPC and HTTP servers listen on; `0.0.0.0` in a container."""

    grpc_port: Port = 4317
    """Port of OTLP/gRPC, the status service, health and reflection."""

    http_port: Port = 4318
    """Port of the HTTP API: signals, and `/healthz`."""

    insecure: bool = False
    """Listen beyond loopback though there are no keys: anybody who reaches the ports may send and read."""

    tls_cert: Path | None = None
    """PEM file of the servers' certificate chain, for both ports. Read at start only."""

    tls_key: Path | None = None
    """PEM file of that certificate's key."""

    tls_client_ca: Path | None = None
    """PEM file of the authority that clients' certificates must come from (mutual TLS)."""

    max_request_bytes: Count = 16 * 1024 * 1024
    """Largest OTLP request; a larger one is refused for good. The Collector's batches must stay below."""

    max_decompressed_bytes: Count = 16 * 1024 * 1024
    """What a compressed HTTP body may become; a larger one is refused for good."""

    max_json_bytes: Count = 8 * 1024 * 1024
    """Largest OTLP/JSON body, unpacked: JSON takes many times its size in memory."""

    max_attribute_bytes: Count = 4 * 1024 * 1024
    """Largest attribute; a span with a larger one is rejected, its request's others are not."""

    max_signal_bytes: Count = 1024 * 1024
    """Largest body of a signal."""

    max_in_flight_bytes: Count = 32 * 1024 * 1024
    """Bytes of requests held at once; beyond it clients are asked to come back later."""

    max_in_flight_requests: Count = 512
    """Requests held at once; beyond it clients are asked to come back later."""

    max_in_flight_spans: Count = 65_536
    """Spans held at once; beyond it clients are asked to come back later."""

    drain: Duration = timedelta(seconds=10)
    """How long a stop waits for requests in flight and for running activities."""

    redact: Families = "secrets"
    """What is replaced before storage: `secrets`, `emails`, `phones`, `cards`, with commas, or `none`."""

    redact_patterns: dict[str, str] = {}
    """Own patterns to replace, as a TOML table or JSON: name = pattern, in RE2's syntax."""

    redact_phone_region: Annotated[str | None, Field(pattern="^[A-Z]{2}$")] = None
    """Country of telephone numbers written without `+`, such as `US`. Unset: only numbers with `+`."""

    metrics_otlp_endpoint: str | None = None
    """Where to push own metrics over OTLP/gRPC, such as `http://collector:4317`. Unset: `/metrics` only."""

    worker_metrics_port: Port | None = None
    """Port of the worker's own `/metrics`, Temporal's among them. Unset: none."""

    temporal_address: str | None = None
    """`host:port` of a Temporal service. Unset: `dev` starts an embedded server on `temporal_port`."""

    temporal_port: Port = 7233
    """Port of the embedded Temporal server on the loopback interface."""

    temporal_ui_port: Port | None = None
    """Port of the embedded server's web UI. Unset: `temporal_port` + 1000."""

    temporal_namespace: str = "default"
    """Temporal namespace of the workflows."""

    temporal_task_queue: str = "kelet-sidecar"
    """Task queue that the workers poll."""

    temporal_tls: bool = False
    """Connect with TLS; implied by an API key or a certificate."""

    temporal_tls_ca: Path | None = None
    """PEM file of the certificate authority; unset: the system's."""

    temporal_tls_cert: Path | None = None
    """PEM file of the client certificate (mutual TLS)."""

    temporal_tls_key: Path | None = None
    """PEM file of the client certificate's key."""

    temporal_tls_server_name: str | None = None
    """Name that the server's certificate must carry, where it differs from the address."""

    temporal_api_key: SecretStr | None = None
    """API key of Temporal Cloud."""

    temporal_codec_key: SecretStr | None = None
    """AES-256 keys in base64, with commas: all payloads in Temporal are encrypted with the first, read with any.
    The same on every process."""

    temporal_codec: Annotated[str | None, Field(pattern=r"^[\w.]+:\w+$")] = None
    """`module:function` that returns a `temporalio.converter.PayloadCodec` of one's own, instead of keys."""

    debounce: Duration = timedelta(minutes=5)
    """A session is analysed when it has been silent for so long (DEBOUNCE_WINDOW)."""

    session_cap: Duration = timedelta(hours=2)
    """A session that never falls silent is analysed as it stands after so long."""

    aggregation_quiet: Duration = timedelta(seconds=30)
    """An agent is aggregated when nothing new has come for so long, or it has grown by 10 %."""

    sweep_interval: Duration = timedelta(seconds=30)
    """How often the receiver looks for sessions and agents whose nudge was lost."""

    sweep_grace: Duration = timedelta(minutes=1)
    """How long after it should have ended a session or agent counts as lost."""

    retention_age: Duration = timedelta(days=30)
    """A session is removed when nothing of it was received for so long; `0` keeps all."""

    retention_size: ByteSize | None = None
    """Bytes of spans to keep, such as `20GB`; beyond it the oldest sessions are removed. Unset: no limit."""

    min_sessions: Count = 5
    """Failing sessions that a cluster must have to pass the gate."""

    min_blocks: Count = 3
    """Distinct users or first messages that those failing sessions must come from."""

    min_healthy: Count = 10
    """Healthy sessions below which no cause is named."""

    max_spans_a_session: Count = 50_000
    """Spans above which a session is skipped as too large."""

    max_bytes_a_session: Count = 128 * 1024 * 1024
    """Bytes of spans, 40 a value at least, above which a session is skipped; a worker needs several times that."""

    max_sessions_an_agent: Count = 20_000
    """Sessions of one agent that an aggregation reads; beyond it a fixed choice by the hash of their ids."""

    max_agents_a_project: Count = 200
    """Agents of a project that are looked at by themselves, those with the most sessions; the rest are counted
    as `other`."""

    worker_threads: Count = 4
    """Threads that analyse; more than the cores gains nothing."""

    model: str | None = None
    """Language model that explains findings and interrogates failing sessions: `anthropic:<name>`,
    `openai:<name>`, `google:<name>`, `bedrock:<name>`, or any name with `model_url`. Unset: the statistical
    engine works alone."""

    model_url: str | None = None
    """Base URL of an OpenAI-compatible server (vLLM, Ollama, llama.cpp)."""

    model_key: SecretStr | None = None
    """Key of the model's provider. Unset: the provider's usual variable, e.g. `ANTHROPIC_API_KEY`."""

    model_max_output_tokens: Count = 4096
    """Tokens that one answer of the model may have."""

    model_timeout: Duration = timedelta(minutes=2)
    """How long one request to the model may take."""

    model_daily_usd: Annotated[Decimal, Field(ge=0)] = Decimal(5)
    """US dollars that the diagnosis of one project may cost a day (UTC), by published prices."""

    model_daily_tokens: Count = 5_000_000
    """Tokens that the diagnosis of one project may use a day (UTC)."""

    model_sessions_a_day: Annotated[int, Field(ge=0)] = 2
    """Failing sessions of one agent, which no cluster explains, that the model is asked about a day (UTC)."""

    self_monitoring: bool = False
    """The worker reports its own workflows as sessions of the project `kelet-sidecar`."""

    self_monitoring_endpoint: str | None = None
    """OTLP/gRPC URL that it reports to, with the key in `KELET_API_KEY`. Unset: the receiver on this machine."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""

    log_format: Literal["auto", "text", "json"] = "auto"
    """`json`: one object a line. `auto`: text on a terminal, JSON elsewhere."""

    @model_validator(mode="after")
    def _certificate_needs_key(self) -> "Config":
        if (self.temporal_tls_cert is None) != (self.temporal_tls_key is None):
            raise ValueError("temporal_tls_cert and temporal_tls_key belong together")
        return self

    @model_validator(mode="after")
    def _one_codec(self) -> "Config":
        if self.temporal_codec is not None and self.temporal_codec_key is not None:
            raise ValueError("temporal_codec and temporal_codec_key exclude each other")
        return self

    @model_validator(mode="after")
    def _tls_belongs_together(self) -> "Config":
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        return self

    @model_validator(mode="after")
    def _one_request_fits(self) -> "Config":
        if self.max_request_bytes > self.max_in_flight_bytes:
            raise ValueError("max_request_bytes must not exceed max_in_flight_bytes")
        return self

    @property
    def read_limits(self) -> ReadLimits:
        """What a session may have to be analysed, and to be read again later."""
        return ReadLimits(self.max_spans_a_session, self.max_bytes_a_session)

    @property
    def database_url(self) -> str:
        """The URL to open the store with."""
        return self.store_url or f"sqlite:///{(self.data_dir / 'kelet.db').absolute()}"

    @property
    def temporal_target(self) -> str:
        """`host:port` to connect to, whether embedded or not."""
        return self.temporal_address or f"127.0.0.1:{self.temporal_port}"

    @property
    def ui_port(self) -> int:
        """Port of the embedded server's web UI."""
        return self.temporal_ui_port or self.temporal_port + 1000

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options win over the environment, the environment over the file."""
        file = os.environ.get(FILE_VARIABLE)
        if not file:
            return init_settings, env_settings
        if not Path(file).is_file():
            raise ValueError(f"{FILE_VARIABLE}: no such file: {file}")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))


def reference() -> Iterator[tuple[str, str, str, str]]:
    """(setting, environment variable, default, description) of every field, in order."""
    for name, field in Config.model_fields.items():
        yield name, f"{ENV_PREFIX}{name.upper()}", _default(field), field.description or ""


def _default(field: FieldInfo) -> str:
    if isinstance(field.default, timedelta):
        return format_duration(field.default)
    return "" if field.default in (None, {}) else str(field.default)
