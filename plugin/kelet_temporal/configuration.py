"""`configure`: a replay-safe tracer provider that exports to the sidecar, or ours added to yours.

In: key, project and address. Out: `configure`, `create_kelet_processor`, `flush`, `shutdown`.
Next: `stamper` marks every span that the provider starts.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import ProxyTracerProvider
from temporalio.contrib.opentelemetry import create_tracer_provider

from kelet_temporal.exporting import sidecar_exporter
from kelet_temporal.settings import (
    Settings,
    SignalFailureMode,
    current_settings,
    require_key,
    resolve_settings,
    set_settings,
)
from kelet_temporal.stamper import SessionStamper, add_processor

logger = logging.getLogger("kelet_temporal")

_processors: list[SpanProcessor] = []
_exporting: set[tuple[int, str, str | None]] = set()
_warned = False


def configure(
    *,
    api_key: str | None = None,
    project: str | None = None,
    base_url: str | None = None,
    otlp_endpoint: str | None = None,
    span_processor: SpanProcessor | None = None,
    additional_span_processors: Sequence[SpanProcessor] = (),
    resource: Resource | None = None,
    sessions_only: bool = False,
    strict: bool = False,
    signal_failure_mode: SignalFailureMode = "swallow",
) -> None:
    """Send this process's spans to the sidecar. Call it before `Client.connect`.

    Environment: KELET_API_KEY, KELET_PROJECT, KELET_API_URL, and KELET_OTLP_ENDPOINT (or
    `otlp_endpoint`) to export by OTLP/gRPC, for example to a Collector, where no key is needed.
    A `span_processor` of your own takes the exporter's place; `sessions_only` keeps back what belongs
    to no session. Without a key one warning is logged; with `strict=True` a ValueError is raised.
    """
    try:
        settings = resolve_settings(
            api_key=api_key,
            project=project,
            base_url=base_url,
            otlp_endpoint=otlp_endpoint,
            signal_failure_mode=signal_failure_mode,
        )
        if span_processor is None:
            require_key(settings)
        provider = _provider(resource)
    except ValueError as error:
        if strict:
            raise
        _warn_once(error)
        return
    set_settings(settings)
    for processor in additional_span_processors:
        add_processor(provider, processor)
    _export(provider, settings, span_processor, sessions_only)


def create_kelet_processor(
    *,
    api_key: str | None = None,
    project: str | None = None,
    base_url: str | None = None,
    otlp_endpoint: str | None = None,
) -> SpanProcessor:
    """A processor that stamps and exports, for a tracer provider that you build yourself."""
    settings = resolve_settings(
        api_key=api_key, project=project, base_url=base_url, otlp_endpoint=otlp_endpoint
    )
    require_key(settings)
    if current_settings() is None:
        set_settings(settings)
    processor = SessionStamper(BatchSpanProcessor(sidecar_exporter(settings)))
    _processors.append(processor)
    return processor


def flush(timeout_millis: int = 10_000) -> bool:
    """Wait until the spans that have ended are sent; False if that takes longer."""
    refused: list[list[SpanProcessor]] = []

    def work() -> None:
        # A processor that does not say whether it has sent all is believed.
        refused.append([p for p in _processors if p.force_flush(timeout_millis) is False])

    # OpenTelemetry's batches do not look at the time; nobody waits for this thread longer than told.
    thread = threading.Thread(target=work, name="kelet-flush", daemon=True)
    thread.start()
    thread.join(timeout_millis / 1000)
    return refused == [[]]


def shutdown() -> None:
    """Send what has ended and stop exporting."""
    while _processors:
        _processors.pop().shutdown()
    _exporting.clear()


def _provider(resource: Resource | None) -> trace.TracerProvider:
    """The provider of this process; a replay-safe one is made where there is none."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, ProxyTracerProvider):
        trace.set_tracer_provider(create_tracer_provider(resource=resource))
        provider = trace.get_tracer_provider()
    if not hasattr(provider, "add_span_processor"):
        raise ValueError(f"{type(provider).__name__} takes no span processors")
    return provider


def _export(
    provider: trace.TracerProvider,
    settings: Settings,
    processor: SpanProcessor | None,
    sessions_only: bool,
) -> None:
    """Add the exporter once for a provider, an address and a key, however often it is asked."""
    if processor is None:
        target = (id(provider), settings.otlp_endpoint or settings.base_url, settings.api_key)
        if target in _exporting:
            return
        _exporting.add(target)
        processor = BatchSpanProcessor(sidecar_exporter(settings))
    add_processor(provider, processor, sessions_only=sessions_only)
    if processor not in _processors:
        _processors.append(processor)


def _warn_once(reason: ValueError) -> None:
    global _warned
    if not _warned:
        _warned = True
        logger.warning("no spans are sent: %s (strict=True raises instead)", reason)
