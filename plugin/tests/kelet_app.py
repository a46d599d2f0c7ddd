"""An application that makes every kind of call a session must survive.

In: nothing. Out: `WORKFLOWS`, `ACTIVITIES`, `NEXUS`. Every span it draws
is named `app.<where>`, so that a test can ask which of them carry the session.
"""

from __future__ import annotations

import os
import signal as os_signal
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import nexusrpc
from temporalio import activity, nexus, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, NexusOperationError

with workflow.unsafe.imports_passed_through():
    import kelet_temporal as kelet
    from nexusrpc.handler import (
        CancelOperationContext,
        OperationHandler,
        StartOperationContext,
        StartOperationResultAsync,
        operation_handler,
        service_handler,
        sync_operation,
    )
    from opentelemetry import trace

_SOON = timedelta(seconds=20)
_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=50), maximum_attempts=3)


def draw(where: str) -> str | None:
    """Draw a span and say whose session it is in."""
    with trace.get_tracer("app").start_as_current_span(f"app.{where}"):
        return kelet.get_session_id()


@activity.defn
async def think(where: str) -> str | None:
    with kelet.agent(name="thinker"):
        return draw(where)


@activity.defn
def think_in_thread(where: str) -> str | None:
    return draw(where)


@activity.defn
async def stumble() -> str | None:
    session = draw(f"stumble-{activity.info().attempt}")
    if activity.info().attempt == 1:
        raise ApplicationError("once")
    return session


@activity.defn
def die_once(flag: str) -> str | None:
    """Take the whole worker down on the first attempt, as kill -9 would."""
    session = draw("die-once")
    if not Path(flag).exists():
        Path(flag).write_text(str(os.getpid()))
        os.kill(os.getpid(), os_signal.SIGKILL)
    return session


@workflow.defn
class Lending:
    """What a Nexus operation starts."""

    @workflow.run
    async def run(self, where: str) -> str:
        lent = await workflow.execute_activity(think, where, start_to_close_timeout=_SOON)
        return lent or ""


@nexusrpc.service
class Library:
    look_up: nexusrpc.Operation[str, str]
    lend: nexusrpc.Operation[str, str]
    wait_for: nexusrpc.Operation[str, str]


class WaitFor(OperationHandler[str, str]):
    """Never ends, but can be cancelled."""

    async def start(self, ctx: StartOperationContext, input: str) -> StartOperationResultAsync:
        draw(f"{input}-begun")
        return StartOperationResultAsync(token=input)

    async def cancel(self, ctx: CancelOperationContext, token: str) -> None:
        draw(f"{token}-cancelled")


@service_handler(service=Library)
class LibraryHandler:
    @operation_handler
    def wait_for(self) -> OperationHandler[str, str]:
        return WaitFor()

    @nexus.workflow_run_operation
    async def lend(
        self, ctx: nexus.WorkflowRunOperationContext, where: str
    ) -> nexus.WorkflowHandle[str]:
        draw(f"{where}-begun")
        return await ctx.start_workflow(
            Lending.run, f"{where}-lent", id=f"{where}-{ctx.request_id}"
        )

    @sync_operation
    async def look_up(self, ctx: StartOperationContext, where: str) -> str:
        return draw(where) or ""


@workflow.defn
class Child:
    def __init__(self) -> None:
        self._told = False

    @workflow.signal
    async def tell(self) -> None:
        await workflow.execute_activity(think, "child-signal", start_to_close_timeout=_SOON)
        self._told = True

    @workflow.run
    async def run(self) -> str | None:
        await workflow.execute_activity(think, "child", start_to_close_timeout=_SOON)
        await workflow.wait_condition(lambda: self._told)
        return kelet.get_session_id()


@workflow.defn
class Listener:
    """Has no session of its own; what it hears belongs to whoever said it."""

    def __init__(self) -> None:
        self._heard: dict[str, str | None] = {}
        self._done = False

    @workflow.signal
    async def hear(self, where: str) -> None:
        answer = await workflow.execute_activity(think, where, start_to_close_timeout=_SOON)
        self._heard[where] = answer

    @workflow.signal
    def finish(self) -> None:
        self._done = True

    @workflow.run
    async def run(self) -> dict[str, str | None]:
        """What was heard, with the session that it came from: two are heard in either order."""
        await workflow.wait_condition(
            lambda: self._done and workflow.all_handlers_finished(), timeout=timedelta(seconds=60)
        )
        return self._heard


@workflow.defn
class Answerer:
    """Lives until it was asked."""

    def __init__(self) -> None:
        self._asked = False

    @workflow.update
    async def ask(self, where: str) -> str | None:
        answer = await workflow.execute_activity(think, where, start_to_close_timeout=_SOON)
        self._asked = True
        return answer

    @workflow.run
    async def run(self) -> str | None:
        await workflow.wait_condition(lambda: self._asked)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return kelet.get_session_id()


@workflow.defn
class Nightly:
    """What a schedule starts."""

    @workflow.run
    async def run(self, where: str) -> str | None:
        return await workflow.execute_activity(think, where, start_to_close_timeout=_SOON)


@dataclass(frozen=True)
class Plan:
    """Whom `Everything` talks to, and what is left out where it is empty."""

    listener: str
    endpoint: str = ""
    greeted: str = ""
    flag: str = ""
    round: int = 0


@workflow.defn
class Everything:
    """One of each call, then once more as a new run."""

    def __init__(self) -> None:
        self._released = False

    @workflow.signal
    async def release(self) -> None:
        await workflow.execute_activity(think, "signal", start_to_close_timeout=_SOON)
        self._released = True

    @workflow.query
    def session(self) -> str | None:
        return kelet.get_session_id()

    @workflow.update
    async def ask(self) -> str | None:
        return await workflow.execute_activity(think, "update", start_to_close_timeout=_SOON)

    @ask.validator
    def check(self) -> None:
        if kelet.get_session_id() is None:
            raise ValueError("an update without a session")

    @workflow.run
    async def run(self, plan: Plan) -> list[str | None]:
        await workflow.wait_condition(lambda: self._released or plan.round > 0)
        with kelet.agent(name="conductor"):
            seen = await self._activities(plan.round)
        seen += await self._others(plan)
        heard = workflow.get_external_workflow_handle(plan.listener)
        await heard.signal(Listener.hear, f"external-{plan.round}")
        await kelet.signal("feedback", "human", score=1.0, trigger_name=f"round-{plan.round}")
        if plan.round == 0:
            await workflow.wait_condition(workflow.all_handlers_finished)
            workflow.continue_as_new(replace(plan, round=1))
        await heard.signal(Listener.finish)
        return [*seen, draw("workflow")]

    async def _others(self, plan: Plan) -> list[str | None]:
        """What is no activity of its own: a child, a Nexus operation, a death, a greeting."""
        child_id = f"{plan.listener}-child-{plan.round}"
        child = await workflow.start_child_workflow(Child.run, id=child_id)
        await child.signal(Child.tell)
        seen = [await child]
        if plan.endpoint:
            seen += await self._nexus(plan.endpoint)
        if plan.flag:
            seen.append(
                await workflow.execute_activity(
                    die_once,
                    plan.flag,
                    start_to_close_timeout=timedelta(seconds=2),
                    retry_policy=_RETRY,
                )
            )
        if plan.greeted:
            greeted = await workflow.signal_with_start_workflow(
                Listener.run,
                id=f"{plan.greeted}-{plan.round}",
                task_queue=workflow.info().task_queue,
                signal=Listener.hear,
                signal_args=f"greeted-{plan.round}",
            )
            await greeted.signal(Listener.finish)
        return seen

    async def _nexus(self, endpoint: str) -> list[str | None]:
        library = workflow.create_nexus_client(service=Library, endpoint=endpoint)
        waiting = await library.start_operation(
            Library.wait_for,
            "nexus-wait",
            cancellation_type=workflow.NexusOperationCancellationType.WAIT_REQUESTED,
        )
        waiting.cancel()
        with suppress(NexusOperationError):
            await waiting
        return [
            await library.execute_operation(Library.look_up, "nexus"),
            await library.execute_operation(Library.lend, "nexus"),
        ]

    async def _activities(self, round: int) -> list[str | None]:
        return [
            await workflow.execute_activity(
                think, f"activity-{round}", start_to_close_timeout=_SOON
            ),
            await workflow.execute_activity(
                think_in_thread, f"thread-{round}", start_to_close_timeout=_SOON
            ),
            await workflow.execute_local_activity(
                think, f"local-{round}", start_to_close_timeout=_SOON
            ),
            await workflow.execute_activity(
                stumble, start_to_close_timeout=_SOON, retry_policy=_RETRY
            ),
        ]


WORKFLOWS = [Answerer, Child, Everything, Lending, Listener, Nightly]
ACTIVITIES = [die_once, stumble, think, think_in_thread]
