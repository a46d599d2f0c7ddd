"""What the plugin costs: workflows a second with and without it, and bytes a history event.

In: nothing. Out: a table on stdout; the rates are of rounds that alternate on one server, with
Temporal's own spans off and a session around every call.
"""

import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

import kelet_temporal as kelet
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rich.console import Console
from rich.table import Table
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from bench.bare_workflow import BareWorkflow, do_nothing
from tests.workflows.conftest import temporal_server

N_WORKFLOWS = 100
N_ROUNDS = 6
TIMER = timedelta(milliseconds=10)


async def run_round(client: Client, name: str) -> tuple[float, float]:
    """Workflows a second, and the mean bytes of an event of one of them."""
    async with Worker(client, task_queue=name, workflows=[BareWorkflow], activities=[do_nothing]):
        started = time.perf_counter()
        with kelet.agentic_session(session_id="00000000-0000-0000-0000-000000000000"):
            handles = await asyncio.gather(
                *(
                    client.start_workflow(
                        BareWorkflow.run, TIMER, id=f"{name}/{i}", task_queue=name
                    )
                    for i in range(N_WORKFLOWS)
                )
            )
        await asyncio.gather(*(handle.result() for handle in handles))
        rate = N_WORKFLOWS / (time.perf_counter() - started)
    events = (await handles[0].fetch_history()).events
    return rate, sum(event.ByteSize() for event in events) / len(events)


async def measure(address: str) -> dict[str, list[tuple[float, float]]]:
    clients = {
        "without": await Client.connect(address, data_converter=pydantic_data_converter),
        "with": await Client.connect(
            address, data_converter=pydantic_data_converter, plugins=[kelet.KeletPlugin()]
        ),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in clients}
    for number in range(N_ROUNDS + 1):
        # Whoever comes second finds a fuller server, so they take turns.
        for name in sorted(clients, reverse=number % 2 == 0):
            result = await run_round(clients[name], f"{name}-plugin-{number}")
            if number:  # the first round warms the server up
                found[name].append(result)
    return found


def main() -> None:
    """Measure and print."""
    kelet.configure(span_processor=SimpleSpanProcessor(InMemorySpanExporter()), strict=True)
    with tempfile.TemporaryDirectory() as folder, temporal_server(Path(folder) / "log") as address:
        found = asyncio.run(measure(address))
    rates = {name: median(rate for rate, _ in rounds) for name, rounds in found.items()}
    size = {name: median(size for _, size in rounds) for name, rounds in found.items()}
    table = Table("plugin", "workflows/s", "bytes/event", title="The plugin's cost")
    for name in found:
        table.add_row(name, f"{rates[name]:.1f}", f"{size[name]:.0f}")
    pairs = zip(found["with"], found["without"], strict=True)
    ratio = median(ours / bare for (ours, _), (bare, _) in pairs)
    table.add_row("with : without", f"{ratio:.2f}", f"+{size['with'] - size['without']:.0f}")
    Console().print(table)
