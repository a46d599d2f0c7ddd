"""An application that makes every kind of call a session must survive.

In: nothing. Out: `WORKFLOWS`, `ACTIVITIES`, `NEXUS`. Every span it draws
is named `app.<where>`, so that a test can ask which of them carry the session.
"""

from __future__ import annotations

import os
import signal as os_signal
from datetime import timedelta
from pathlib import Path

import nexusrpc
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    import kelet_temporal as kelet
    from nexusrpc.handler import StartOperationContext, service_handler, sync_operation
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


@nexusrpc.service
class Library:
    look_up: nexusrpc.Operation[str, str]


@service_handler(service=Library)
class LibraryHandler:
    @sync_operation
    async def look_up(self, ctx: StartOperationContext, title: str) -> str:
        return draw("nexus") or ""


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
        self._heard: list[str | None] = []
        self._done = False

    @workflow.signal
    async def hear(self, where: str) -> None:
        self._heard.append(
            await workflow.execute_activity(think, where, start_to_close_timeout=_SOON)
        )

    @workflow.signal
    def finish(self) -> None:
        self._done = True

    @workflow.run
    async def run(self) -> list[str | None]:
        await workflow.wait_condition(
            lambda: self._done and workflow.all_handlers_finished(), timeout=timedelta(seconds=60)
        )
        return self._heard


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
    async def run(self, round: int, listener: str, endpoint: str) -> list[str | None]:
        await workflow.wait_condition(lambda: self._released or round > 0)
        with kelet.agent(name="conductor"):
            seen = await self._activities(round)
        child = await workflow.start_child_workflow(Child.run, id=f"{listener}-child-{round}")
        await child.signal(Child.tell)
        seen.append(await child)
        heard = workflow.get_external_workflow_handle(listener)
        await heard.signal(Listener.hear, f"external-{round}")
        if endpoint:
            library = workflow.create_nexus_client(service=Library, endpoint=endpoint)
            seen.append(await library.execute_operation(Library.look_up, "title"))
        await kelet.signal("feedback", "human", score=1.0, trigger_name=f"round-{round}")
        if round == 0:
            await workflow.wait_condition(workflow.all_handlers_finished)
            workflow.continue_as_new(args=[1, listener, endpoint])
        await heard.signal(Listener.finish)
        return [*seen, draw("workflow")]

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


@workflow.defn
class Mortal:
    """Its worker is killed between two of its activities."""

    @workflow.run
    async def run(self, flag: str) -> list[str | None]:
        return [
            await workflow.execute_activity(think, "before", start_to_close_timeout=_SOON),
            await workflow.execute_activity(
                die_once, flag, start_to_close_timeout=timedelta(seconds=2), retry_policy=_RETRY
            ),
            await workflow.execute_activity(think, "after", start_to_close_timeout=_SOON),
            kelet.get_session_id(),
        ]


WORKFLOWS = [Child, Everything, Listener, Mortal]
ACTIVITIES = [die_once, stumble, think, think_in_thread]
