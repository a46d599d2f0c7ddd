"""The application as it runs: a client, a worker, and calls that go through them.

In: a Temporal address, a tracer provider, calls. Out: the claim type of each call. Next:
`feedback` compares it with what would have been right.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer
from temporalio.client import Client
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.worker import Worker

from examples.insurance.agents import ClaimActivities, ClaimInput
from examples.insurance.calls import Call
from examples.insurance.workflow import TASK_QUEUE, ClaimWorkflow

MAX_CONCURRENT_CALLS = 12


@asynccontextmanager
async def running(address: str, provider: TracerProvider) -> AsyncGenerator[Client]:
    """A client beside a running worker; the trace goes from the client into the activities."""
    tracer = provider.get_tracer("examples.insurance")
    client = await Client.connect(address, interceptors=[TracingInterceptor(tracer)])
    agents = ClaimActivities(tracer)
    async with Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[ClaimWorkflow],
        activities=[agents.summarize_transcript, agents.score_claim],
    ):
        yield client


async def take_calls(
    client: Client,
    tracer: Tracer,
    calls: Sequence[Call],
    on_result: Callable[[Call, str], Awaitable[None]],
) -> None:
    """Every call through the workflow, some at a time; each claim type goes to `on_result`."""
    free = asyncio.Semaphore(MAX_CONCURRENT_CALLS)

    async def take(call: Call) -> None:
        async with free:
            claim_type = await _take_call(client, tracer, call)
        await on_result(call, claim_type)

    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(take(call))


async def _take_call(client: Client, tracer: Tracer, call: Call) -> str:
    attributes = {"gen_ai.conversation.id": call.claim_id, "user.id": call.user_id}
    with tracer.start_as_current_span("claim call", attributes=attributes):
        claim = ClaimInput(call.claim_id, call.user_id, call.date, call.transcript)
        return await client.execute_workflow(
            ClaimWorkflow.run, claim, id=f"claim/{call.claim_id}", task_queue=TASK_QUEUE
        )
