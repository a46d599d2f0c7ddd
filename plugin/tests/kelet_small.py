"""Small workflows of single tests.

Not in the tests' files: pytest rewrites those, and the sandbox, which imports a workflow's file anew, would parse
them each time. While Python up to 3.11.7 parses, garbage that is collected may break it (python/cpython#106905).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import kelet_temporal as kelet
from temporalio import workflow
from temporalio.exceptions import ApplicationError


@workflow.defn
class Kid:
    def __init__(self) -> None:
        self._told_by: list[str | None] = []

    @workflow.signal
    def tell(self) -> None:
        self._told_by.append(kelet.get_session_id())

    @workflow.run
    async def run(self) -> list[str | None]:
        await workflow.wait_condition(lambda: bool(self._told_by))
        return [kelet.get_session_id(), *self._told_by]


@workflow.defn
class Parent:
    @workflow.run
    async def run(self) -> list[str | None]:
        kid = await workflow.start_child_workflow(Kid.run)
        with kelet.agentic_session(session_id="parent"):
            await kid.signal(Kid.tell)
        return await kid


@workflow.defn
class Second:
    """Succeeds when it is retried, which hands on no more than what the first run was given."""

    @workflow.run
    async def run(self) -> str | None:
        if workflow.info().attempt == 1:
            raise ApplicationError("once")
        return kelet.get_session_id()


@workflow.defn
class Ask:
    @workflow.run
    async def run(self, names: list[str]) -> list[Any]:
        with kelet.agent(name="asker"):
            return [
                await workflow.execute_activity(
                    name,
                    # A process that is spawned on a loaded machine takes its time.
                    start_to_close_timeout=timedelta(seconds=100),
                    heartbeat_timeout=timedelta(seconds=100),
                )
                for name in names
            ]


@workflow.defn
class Tell:
    @workflow.run
    async def run(self, loud: bool) -> str:
        metadata = {"of": workflow.uuid4(), "odd": {1}}
        await kelet.signal(
            "event", "synthetic", trigger_name="told", metadata=metadata, raise_on_failure=loud
        )
        return "told"
