"""The worker under its own eyes: each of its workflows is a session of the project `kelet-sidecar`.

In: `Config`. Out: the plugins of the worker. Next: its spans go to the receiver like anybody's.

Watching oneself watch has no end, so a rule by workflow type and task queue gives a session only to
what analyses other projects; the rest is one step deeper, which travels in a header with all that it
starts, and is not exported. `exporter.resolve` refuses what should get through all the same.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from temporalio import activity, workflow
from temporalio.worker import Plugin

from pipeline.config import Config
from pipeline.errors import BadRequest
from pipeline.temporal.ids import SELF_PROJECT, analysed_project

if TYPE_CHECKING:
    from kelet_temporal import Session

Info = workflow.Info | activity.Info


def monitoring(config: Config, workflows: Sequence[type]) -> list[Plugin]:
    """The plugin that reports this worker's workflows; none unless it is switched on."""
    if not config.self_monitoring:
        return []
    try:
        import kelet_temporal as kelet
        from opentelemetry.sdk.resources import Resource
    except ImportError:
        raise BadRequest("KELET_SELF_MONITORING needs the package kelet-temporal") from None
    kelet.configure(
        project=SELF_PROJECT,
        otlp_endpoint=config.self_monitoring_endpoint or _receiver(config),
        resource=Resource.create({"service.name": "kelet-sidecar-worker"}),
        sessions_only=True,
        strict=True,
    )
    rule = session_rule(frozenset(w.__name__ for w in workflows), config.temporal_task_queue)
    return [kelet.KeletPlugin(auto_session=rule, add_temporal_spans=True)]


def session_rule(types: frozenset[str], task_queue: str) -> "Callable[[Info], Session]":
    """One session a run of our workflows; runs under replay, hence reads nothing but its argument."""
    from kelet_temporal import Session

    def session_of(info: Info) -> Session:
        workflow_id = info.workflow_id or ""
        project = analysed_project(workflow_id)
        ours = info.task_queue == task_queue and info.workflow_type in types
        if not ours or project is None or project == SELF_PROJECT:
            return Session(depth=2)
        in_workflow = isinstance(info, workflow.Info)
        run_id = info.first_execution_run_id if in_workflow else info.workflow_run_id
        return Session(f"{workflow_id}@{run_id}", depth=1)

    return session_of


def _receiver(config: Config) -> str:
    """How a worker on the receiver's machine reaches it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(config.host, config.host)
    scheme = "http" if config.tls_cert is None else "https"
    return f"{scheme}://{host}:{config.grpc_port}"
