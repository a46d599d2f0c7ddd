"""Sessions a second end to end on the embedded Temporal, beside a bare workflow on the same server.

In: nothing. Out: a table on stdout with rates, the ratio, history events and billable actions a
session. Billable actions are counted from the histories by Temporal Cloud's published list:
workflow starts, child workflow starts, activity attempts, timers, signals, continue-as-new.
"""

import asyncio
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from rich.console import Console
from rich.table import Table
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from bench.bare_workflow import BareWorkflow, do_nothing
from bench.ingest import load
from bench.spans import requests
from tests.sidecar_process import SidecarProcess

BILLABLE = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_MARKER_RECORDED,
}
DEBOUNCE = timedelta(seconds=1)
N_REQUESTS = 10


async def count_history(client: Client, prefix: str, limit: int = 25) -> tuple[float, float]:
    """Mean events and billable actions of a session with its children."""
    n_events: Counter[str] = Counter()
    n_actions: Counter[str] = Counter()
    query = f"WorkflowId STARTS_WITH '{prefix}'"
    async for execution in client.list_workflows(query):
        session = execution.id.split("#")[0]
        if session not in n_events and len(n_events) == limit:
            continue
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        history: WorkflowHistory = await handle.fetch_history()
        n_events[session] += len(history.events)
        n_actions[session] += sum(event.event_type in BILLABLE for event in history.events)
    n = max(len(n_events), 1)
    return n_events.total() / n, n_actions.total() / n


async def bare_rate(client: Client, n: int) -> float:
    """Bare workflows a second, all started at once."""
    async with Worker(
        client, task_queue="bench", workflows=[BareWorkflow], activities=[do_nothing]
    ):
        started = time.perf_counter()
        handles = await asyncio.gather(
            *(
                client.start_workflow(
                    BareWorkflow.run, DEBOUNCE, id=f"bare/{i}", task_queue="bench"
                )
                for i in range(n)
            )
        )
        await asyncio.gather(*(handle.result() for handle in handles))
        return n / (time.perf_counter() - started)


def session_rate(process: SidecarProcess) -> tuple[float, int]:
    """Sessions a second from the first span sent to the last session analysed, and how many."""
    bodies = list(requests(N_REQUESTS))
    n = N_REQUESTS * len(
        {
            s.trace_id
            for s in ExportTraceServiceRequest.FromString(bodies[0])
            .resource_spans[0]
            .scope_spans[0]
            .spans
        }
    )
    started = time.perf_counter()
    load(process.grpc_port, bodies)
    process.cli("wait", "--project", "default", "--timeout", "10m")
    return n / (time.perf_counter() - started), n


async def _measure(process: SidecarProcess) -> None:
    client = await Client.connect(
        f"127.0.0.1:{process.temporal_port}", data_converter=pydantic_data_converter
    )
    rate, n = await asyncio.to_thread(session_rate, process)
    bare = await bare_rate(client, n)
    events, actions = await count_history(client, "session/")
    table = Table(
        title=f"{n} sessions of 16 spans, debounce {DEBOUNCE.total_seconds():.0f} s, one run"
    )
    for column in ("what", "sessions a second", "ratio to bare"):
        table.add_column(column)
    table.add_row("whole pipeline (analysed, aggregated)", f"{rate:.1f}", f"{rate / bare:.2f}")
    table.add_row("bare workflow: one timer, three activities", f"{bare:.1f}", "1.00")
    console = Console()
    console.print(table)
    console.print(
        f"a session: {events:.1f} history events, {actions:.1f} billable actions (with its children)"
    )


def main() -> None:
    """Start a sidecar of our own, measure, stop it."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = f"{DEBOUNCE.total_seconds():.0f}s"
        process = SidecarProcess(Path(folder) / "data", debounce=seconds, quiet="2s")
        process.start()
        try:
            asyncio.run(_measure(process))
        finally:
            process.stop()


if __name__ == "__main__":
    main()
