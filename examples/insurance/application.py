"""The application as it runs: a client, a worker, and calls that go through them.

In: a Temporal address, calls. Out: the claim type of each call. Next: `feedback` compares it with
what would have been right.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import kelet_temporal as kelet
from temporalio.client import Client
from temporalio.worker import Worker

from examples.insurance.agents import ClaimInput, score_claim, summarize_transcript
from examples.insurance.calls import Call
from examples.insurance.workflow import TASK_QUEUE, ClaimWorkflow

MAX_CONCURRENT_CALLS = 12

OnResult = Callable[[Call, str], Awaitable[None]]


@asynccontextmanager
async def running(address: str) -> AsyncGenerator[Client]:
    """A client beside a running worker; the session goes from the client into the agents."""
    client = await Client.connect(address, plugins=[kelet.KeletPlugin(add_temporal_spans=True)])
    async with Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[ClaimWorkflow],
        activities=[summarize_transcript, score_claim],
    ):
        yield client


async def take_calls(client: Client, calls: Sequence[Call], on_result: OnResult) -> None:
    """Every call through the workflow, some at a time; each claim type goes to `on_result`."""
    free = asyncio.Semaphore(MAX_CONCURRENT_CALLS)

    async def take(call: Call) -> None:
        async with free:
            await _take_call(client, call, on_result)

    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(take(call))


async def _take_call(client: Client, call: Call, on_result: OnResult) -> None:
    """One claim is one session, what the policyholder thinks of it included."""
    with kelet.agentic_session(session_id=call.claim_id, user_id=call.user_id):
        claim_type = await client.execute_workflow(
            ClaimWorkflow.run,
            ClaimInput(call.date, call.transcript),
            id=f"claim/{call.claim_id}",
            task_queue=TASK_QUEUE,
        )
        await on_result(call, claim_type)
