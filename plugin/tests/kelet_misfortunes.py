"""An application to which everything happens: it raises, is cancelled, times out, is retried, refuses.

In: the name of a misfortune. Out: `WORKFLOWS`, `ACTIVITIES`, `NEXUS`, `HAPPENINGS`. It knows nothing of
the plugin, so that it can run without.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import nexusrpc
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from nexusrpc import HandlerError, HandlerErrorType, OperationError, OperationErrorState
    from nexusrpc.handler import StartOperationContext, service_handler, sync_operation

_LONG = timedelta(seconds=30)
_BEAT = timedelta(seconds=10)
_THRICE = RetryPolicy(initial_interval=timedelta(milliseconds=20), maximum_attempts=3)
_ONCE = RetryPolicy(maximum_attempts=1)
_TO_THE_END = workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED

# What an activity may do, and how it may be called.
DEEDS = ("application", "benign", "retried", "timeout", "cancel", "unexpected", "stubborn", "group")
THREADED = ("retried", "cancel", "unexpected")
LOCAL = ("application", "retried", "timeout", "cancel", "unexpected")
HAPPENINGS = (
    *(f"async {deed}" for deed in DEEDS),
    *(f"thread {deed}" for deed in THREADED),
    *(f"local {deed}" for deed in LOCAL),
    *(f"child {deed}" for deed in ("raises", "cancel", "timeout")),
    *(f"nexus {deed}" for deed in ("operation", "handler", "unexpected")),
    *(f"workflow {deed}" for deed in ("raises", "cancel", "timeout", "terminate", "retried")),
    *(f"message {deed}" for deed in ("signal", "query", "update", "validator", "unknown")),
    "async heartbeat",
    "async later",
)


class Unexpected(Exception):
    pass


@activity.defn
async def do_async(deed: str) -> str:
    match deed:
        case "timeout" | "heartbeat":
            await asyncio.sleep(5)
        case "cancel":
            while True:
                activity.heartbeat()
                await asyncio.sleep(0.05)
        case "stubborn":
            return await _stubborn()
        case "group":
            async with asyncio.TaskGroup() as group:
                group.create_task(_raise())
        case "later":
            activity.raise_complete_async()
        case _:
            raise_as(deed)
    return f"{deed} {activity.info().attempt}"


@activity.defn
def do_in_thread(deed: str) -> str:
    if deed == "cancel":
        while True:
            activity.heartbeat()
            activity.wait_for_cancelled_sync(timedelta(milliseconds=50))
    raise_as(deed)
    return f"{deed} {activity.info().attempt}"


def raise_as(deed: str) -> None:
    if deed == "application":
        raise ApplicationError("told so", {"n": 1}, type="Told", non_retryable=True)
    if deed == "benign":
        raise ApplicationError("not bad", next_retry_delay=timedelta(milliseconds=1))
    if deed == "unexpected" or (deed == "retried" and activity.info().attempt < 3):
        raise Unexpected("not foreseen")


async def _raise() -> None:
    raise Unexpected("in a group")


async def _stubborn() -> str:
    """Is told to stop, and ends well all the same."""
    try:
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        return "ended well"


@nexusrpc.service
class Desk:
    handle: nexusrpc.Operation[str, str]


@service_handler(service=Desk)
class DeskHandler:
    @sync_operation
    async def handle(self, ctx: StartOperationContext, deed: str) -> str:
        if deed == "operation":
            raise OperationError("no such form", state=OperationErrorState.FAILED)
        if deed == "handler":
            raise HandlerError("not here", type=HandlerErrorType.NOT_FOUND)
        raise ApplicationError("not foreseen", non_retryable=True)


@workflow.defn
class Victim:
    """A child, or a workflow that its client does something to."""

    def __init__(self) -> None:
        self._failing = False

    @workflow.signal
    def fail(self) -> None:
        raise ApplicationError("a signal that fails its workflow")

    @workflow.query
    def ask(self) -> str:
        raise Unexpected("a query that raises")

    @workflow.update
    async def change(self, how: str) -> str:
        await asyncio.sleep(0.01)
        raise ApplicationError("an update that raises", type="Changed")

    @change.validator
    def check(self, how: str) -> None:
        if how == "validator":
            raise ValueError("an update that is refused")

    @workflow.run
    async def run(self, deed: str) -> str:
        if deed == "raises":
            raise ApplicationError("the workflow itself", {"n": 2}, type="Own")
        if deed == "retried":
            if workflow.info().attempt < 3:
                raise ApplicationError("again")
            return f"attempt {workflow.info().attempt}"
        await workflow.wait_condition(lambda: False)
        return "never"


@workflow.defn
class Misfortune:
    """One misfortune of an activity, a child or a Nexus operation."""

    @workflow.run
    async def run(self, way: str, deed: str, endpoint: str) -> str:
        if way == "child":
            return await self._child(deed)
        if way == "nexus":
            desk = workflow.create_nexus_client(service=Desk, endpoint=endpoint)
            return await desk.execute_operation(Desk.handle, deed, schedule_to_close_timeout=_BEAT)
        running = self._local(deed) if way == "local" else self._activity(way, deed)
        if deed in ("cancel", "stubborn"):
            await workflow.sleep(0.3)
            running.cancel()
        return await running

    def _activity(self, way: str, deed: str) -> workflow.ActivityHandle[str]:
        return workflow.start_activity(
            "do_in_thread" if way == "thread" else "do_async",
            deed,
            result_type=str,
            start_to_close_timeout=timedelta(seconds=0.5) if deed == "timeout" else _LONG,
            heartbeat_timeout=timedelta(seconds=0.5) if deed == "heartbeat" else _BEAT,
            retry_policy=_THRICE if deed == "retried" else _ONCE,
            cancellation_type=_TO_THE_END,
        )

    def _local(self, deed: str) -> workflow.ActivityHandle[str]:
        options: dict[str, Any] = {"cancellation_type": _TO_THE_END}
        return workflow.start_local_activity(
            "do_async",
            deed,
            result_type=str,
            start_to_close_timeout=timedelta(seconds=0.5) if deed == "timeout" else _LONG,
            retry_policy=_THRICE if deed == "retried" else _ONCE,
            **options,
        )

    async def _child(self, deed: str) -> str:
        child = await workflow.start_child_workflow(
            Victim.run,
            deed,
            id=f"{workflow.info().workflow_id}-child",
            run_timeout=timedelta(seconds=1) if deed == "timeout" else _LONG,
        )
        if deed == "cancel":
            child.cancel()
        return await child


WORKFLOWS = [Misfortune, Victim]
ACTIVITIES = [do_async, do_in_thread]
