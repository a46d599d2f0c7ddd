"""`KeletPlugin`, the one thing a worker registers, and `KeletInterceptor`, its core on its own.

In: client, worker and replayer configurations. Out: the same with our interceptor outermost, with
Temporal's `OpenTelemetryPlugin` where the user brought no tracing of their own (in either order),
the signal activity registered, and our modules passed through the workflow sandbox.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import threading
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

from opentelemetry import trace
from temporalio import client, worker
from temporalio.client import ClientConfig
from temporalio.contrib.opentelemetry import (
    OpenTelemetryInterceptor,
    OpenTelemetryPlugin,
    TracingInterceptor,
)
from temporalio.plugin import SimplePlugin
from temporalio.worker import ReplayerConfig, WorkerConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from kelet_temporal.activity_side import ActivityInbound, NexusInbound
from kelet_temporal.client_side import ClientOutbound
from kelet_temporal.configuration import flush
from kelet_temporal.names import SIGNAL_ACTIVITY
from kelet_temporal.replay_safe import is_replay_safe
from kelet_temporal.signals import send_signal
from kelet_temporal.stamper import add_processor
from kelet_temporal.workflow_side import AutoSession, workflow_inbound

logger = logging.getLogger("kelet_temporal")

_FLUSH_SECONDS = 10.0
_TRACING = (OpenTelemetryInterceptor, TracingInterceptor)


class KeletInterceptor(client.Interceptor, worker.Interceptor):
    """Carries the session through Temporal; for those who wire everything else by hand.

    `auto_session` decides for work that came without a session: False leaves it so, True gives each
    chain of runs one session, and a function of `workflow.Info` or `activity.Info` returns an id,
    a `Session` or None. Within workflows it runs under replay and must be deterministic.
    """

    def __init__(self, *, auto_session: AutoSession = False) -> None:
        self._auto_session = auto_session

    def intercept_client(self, next: client.OutboundInterceptor) -> client.OutboundInterceptor:
        return ClientOutbound(next)

    def intercept_activity(
        self, next: worker.ActivityInboundInterceptor
    ) -> worker.ActivityInboundInterceptor:
        return ActivityInbound(next, self._auto_session)

    def workflow_interceptor_class(
        self, input: worker.WorkflowInterceptorClassInput
    ) -> type[worker.WorkflowInboundInterceptor]:
        return workflow_inbound(self._auto_session)

    def intercept_nexus_operation(
        self, next: worker.NexusOperationInboundInterceptor
    ) -> worker.NexusOperationInboundInterceptor:
        return NexusInbound(next)


class KeletPlugin(SimplePlugin):
    """Register it on the client, and its workers have it too.

    `add_temporal_spans` draws Temporal's own spans (StartWorkflow, RunActivity, ...); off, as in
    Temporal. `include_otel_plugin=False` leaves tracing alone.
    """

    def __init__(
        self,
        *,
        auto_session: AutoSession = False,
        include_otel_plugin: bool = True,
        add_temporal_spans: bool = False,
    ) -> None:
        super().__init__(
            "kelet.KeletPlugin", workflow_runner=_pass_through, run_context=_flush_after
        )
        self._interceptor = KeletInterceptor(auto_session=auto_session)
        self._include_otel_plugin = include_otel_plugin
        self._add_temporal_spans = add_temporal_spans

    def configure_client(self, config: ClientConfig) -> ClientConfig:
        config = super().configure_client(config)
        add_processor(trace.get_tracer_provider())
        given = list(config.get("interceptors") or ())
        ours = [] if _has(given, (KeletInterceptor,)) else [self._interceptor]
        tracing: list[client.Interceptor] = []
        if self._include_otel_plugin and not _traces(given, config.get("plugins")):
            tracing = [_ClientHalf(OpenTelemetryInterceptor(self._add_temporal_spans))]
        config["interceptors"] = [*ours, *tracing, *given]
        return config

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        config = super().configure_worker(config)
        from_client = config["client"].config(active_config=True)  # pyright: ignore[reportTypedDictNotRequiredAccess]
        plugins = [*from_client["plugins"], *(config.get("plugins") or ())]
        self._intercept(config, list(from_client["interceptors"]), plugins)
        if config.get("workflows") and not _knows_signal_activity(config):
            # A worker of workflows alone must not begin to poll for activities of others.
            config["no_remote_activities"] = config.get("no_remote_activities") or not config.get(
                "activities"
            )
            config["activities"] = [*(config.get("activities") or ()), send_signal]
        return config

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        config = super().configure_replayer(config)
        self._intercept(config, [], ())
        return config

    def _intercept(
        self, config: WorkerConfig | ReplayerConfig, inherited: list[Any], plugins: Iterable[Any]
    ) -> None:
        """Ours goes first, so that tracing within it already finds the session."""
        add_processor(trace.get_tracer_provider())
        given = list(config.get("interceptors") or ())
        if self._include_otel_plugin and not _traces([*inherited, *given], plugins):
            given = [*self._tracing(), *given]
        if not _has([*inherited, *given], (KeletInterceptor,)):
            given.insert(0, self._interceptor)
        config["interceptors"] = given

    def _tracing(self) -> list[worker.Interceptor]:
        """Temporal's plugin needs a replay-safe provider; an ordinary one gets its older twin."""
        provider = trace.get_tracer_provider()
        if is_replay_safe(provider):
            plugin = OpenTelemetryPlugin(add_temporal_spans=self._add_temporal_spans)
            return [i for i in plugin.interceptors or () if isinstance(i, worker.Interceptor)]
        if hasattr(provider, "add_span_processor"):
            logger.info("this tracer provider is not replay-safe; TracingInterceptor is used")
            return [TracingInterceptor()]
        return []


class _ClientHalf(client.Interceptor):
    """Tracing for the client only: the worker decides for itself when it is made."""

    def __init__(self, whole: OpenTelemetryInterceptor) -> None:
        self._whole = whole

    def intercept_client(self, next: client.OutboundInterceptor) -> client.OutboundInterceptor:
        return self._whole.intercept_client(next)


def _has(interceptors: Iterable[Any], kinds: tuple[type, ...]) -> bool:
    return any(isinstance(interceptor, kinds) for interceptor in interceptors)


def _traces(interceptors: Iterable[Any], plugins: Iterable[Any] | None) -> bool:
    """Whether tracing is there, or will be when a plugin after ours has had its turn."""
    if _has(interceptors, _TRACING):
        return True
    held = (getattr(plugin, "interceptors", None) for plugin in plugins or ())
    return any(
        _has(cast("Iterable[Any]", h), _TRACING) for h in held if isinstance(h, list | tuple)
    )


def _knows_signal_activity(config: WorkerConfig) -> bool:
    names = (
        getattr(getattr(fn, "__temporal_activity_definition", None), "name", None)
        for fn in config.get("activities") or ()
    )
    return SIGNAL_ACTIVITY in names


def _pass_through(runner: WorkflowRunner | None) -> WorkflowRunner:
    runner = runner or SandboxedWorkflowRunner()
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner
    restrictions = runner.restrictions.with_passthrough_modules("kelet_temporal", "opentelemetry")
    return dataclasses.replace(runner, restrictions=restrictions)


@asynccontextmanager
async def _flush_after() -> AsyncGenerator[None]:
    """What the worker's last activities said is sent before it is gone, but never waited for long.

    Before 1.35 `async with Worker` cancels this cleanup and, if that shows, its caller's task too:
    so a cancellation ends the waiting, not the sending, and goes no further.
    """
    # The provider may have come after the worker was made.
    add_processor(trace.get_tracer_provider())
    try:
        yield
    finally:
        try:
            if not await _flushed():
                logger.warning("spans may be lost: they could not be sent in %s s", _FLUSH_SECONDS)
        except asyncio.CancelledError:
            logger.debug("flushing goes on in its thread")


async def _flushed() -> bool:
    """Flush in a thread that neither the end of the loop nor that of the process waits for."""
    loop = asyncio.get_running_loop()
    sent: asyncio.Future[bool] = loop.create_future()

    def tell(all_sent: bool) -> None:
        if not sent.done():
            sent.set_result(all_sent)

    def work() -> None:
        all_sent = flush(int(_FLUSH_SECONDS * 1000))
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(tell, all_sent)

    threading.Thread(target=work, name="kelet-flush", daemon=True).start()
    return await sent
