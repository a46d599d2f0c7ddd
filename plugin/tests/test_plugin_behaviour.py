"""What user code does when it raises, is cancelled, times out or is retried: the same with and
without the plugin, also with a provider that is safe under replay and Temporal's spans on."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import kelet_temporal as kelet
import pytest
from kelet_stage import Spans
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.worker import Worker

pytestmark = pytest.mark.slow


class Unexpected(Exception):
    pass


@activity.defn
async def fail(how: str) -> str:
    if how == "application":
        raise ApplicationError("told so", {"n": 1}, type="Told", non_retryable=True)
    if how == "retried" and activity.info().attempt < 3:
        raise Unexpected("again")
    if how == "timeout":
        await asyncio.sleep(5)
    if how == "cancel":
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.05)
    if how == "unexpected":
        raise Unexpected("not foreseen")
    return f"{how} {activity.info().attempt}"


@activity.defn
def fail_in_thread(how: str) -> str:
    if how == "unexpected":
        raise Unexpected("not foreseen")
    if how == "retried" and activity.info().attempt < 3:
        raise Unexpected("again")
    if how == "cancel":
        while True:
            activity.heartbeat()
            activity.wait_for_cancelled_sync(timedelta(milliseconds=50))
    return f"{how} {activity.info().attempt}"


@workflow.defn
class Misfortune:
    @workflow.run
    async def run(self, how: str, threaded: bool) -> str:
        if how == "workflow":
            raise ApplicationError("the workflow itself", type="Own")
        options: dict[str, Any] = {
            "start_to_close_timeout": timedelta(seconds=0.5 if how == "timeout" else 30),
            "heartbeat_timeout": timedelta(seconds=5),
            "retry_policy": RetryPolicy(
                initial_interval=timedelta(milliseconds=20),
                maximum_attempts=3 if how == "retried" else 1,
            ),
            "cancellation_type": workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        }
        running: workflow.ActivityHandle[str] = workflow.start_activity(
            "fail_in_thread" if threaded else "fail", how, result_type=str, **options
        )
        if how == "cancel":
            await workflow.sleep(0.2)
            running.cancel()
        return await running


def chain(error: BaseException | None) -> list[tuple[Any, ...]]:
    """Everything of a failure that a caller can act on."""
    links: list[tuple[Any, ...]] = []
    while isinstance(error, FailureError):
        links.append(
            (
                type(error).__name__,
                str(error),
                getattr(error, "type", None),
                getattr(error, "non_retryable", None),
                getattr(error, "details", None),
                getattr(error, "retry_state", None),
            )
        )
        error = error.cause
    return links


async def outcomes(client: Client, **connected: Any) -> dict[str, Any]:
    queue = f"misfortune-{uuid.uuid4().hex}"
    cases = [("unexpected", True), ("retried", True), ("cancel", True), ("workflow", False)]
    cases += [(how, False) for how in ("application", "retried", "timeout", "cancel", "unexpected")]
    found: dict[str, Any] = {}
    with ThreadPoolExecutor(2) as threads:
        async with Worker(
            client,
            task_queue=queue,
            workflows=[Misfortune],
            activities=[fail, fail_in_thread],
            activity_executor=threads,
        ):
            for how, threaded in cases:
                case = f"{how} {threaded}"
                try:
                    with kelet.agentic_session(session_id=case):
                        found[case] = await client.execute_workflow(
                            Misfortune.run,
                            args=[how, threaded],
                            id=f"{queue}-{case}",
                            task_queue=queue,
                        )
                except WorkflowFailureError as error:
                    found[case] = chain(error.cause)
    return found


async def test_the_same_with_and_without(temporal_server: str, spans: Spans) -> None:
    without = await outcomes(await Client.connect(temporal_server))
    assert without["retried False"] == "retried 3"
    plugin = kelet.KeletPlugin(add_temporal_spans=True)
    within = await outcomes(await Client.connect(temporal_server, plugins=[plugin]))
    assert within == without


async def test_temporals_own_spans_carry_the_session_too(
    temporal_server: str, spans: Spans
) -> None:
    plugin = kelet.KeletPlugin(add_temporal_spans=True)
    client = await Client.connect(temporal_server, plugins=[plugin])
    await outcomes(client)
    runs = spans.named("RunActivity:fail")
    assert len(runs) == 7
    assert {a["temporal.activity_type"] for a in runs} == {"fail"}
    for name in ("StartWorkflow:Misfortune", "RunWorkflow:Misfortune", "RunActivity:fail"):
        drawn = spans.named(name)
        assert drawn
        assert all("gen_ai.conversation.id" in attributes for attributes in drawn), name
    assert len(spans.named("RunWorkflow:Misfortune")) == 9
