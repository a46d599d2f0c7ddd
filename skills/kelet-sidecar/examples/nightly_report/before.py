"""A nightly report on Temporal: gathers, then writes. A tracer provider is there, sessions are not."""

import asyncio
import sys
from datetime import timedelta

from opentelemetry import trace
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin
from temporalio.worker import Worker


@activity.defn
async def gather(day: str) -> list[str]:
    with trace.get_tracer("report").start_as_current_span("query sales"):
        return [f"{day}: 3 sales"]


@activity.defn
async def write(facts: list[str]) -> str:
    with trace.get_tracer("report").start_as_current_span("chat small-model"):
        return "; ".join(facts)


@workflow.defn
class Report:
    @workflow.run
    async def run(self, day: str) -> str:
        timeout = timedelta(seconds=30)
        facts = await workflow.execute_activity(gather, day, start_to_close_timeout=timeout)
        return await workflow.execute_activity(write, facts, start_to_close_timeout=timeout)


async def main(address: str, day: str) -> None:
    client = await Client.connect(address, plugins=[OpenTelemetryPlugin()])
    async with Worker(client, task_queue="report", workflows=[Report], activities=[gather, write]):
        await client.execute_workflow(Report.run, day, id=f"report-{day}", task_queue="report")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
