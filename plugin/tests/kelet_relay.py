"""A workflow that knows neither SDK, for workers of both: who does the session belong to here?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow

Seen = dict[str, Any]
_SOON = timedelta(seconds=20)


@workflow.defn
class Relay:
    """Asks its worker, then lets a child on the other queue ask, and continues as new once."""

    @workflow.run
    async def run(self, others: list[str], again: bool) -> list[Seen]:
        if again:
            workflow.continue_as_new(args=[others, False])
        seen: list[Seen] = [
            await workflow.execute_activity("who", start_to_close_timeout=_SOON),
            await workflow.execute_local_activity("who", start_to_close_timeout=_SOON),
        ]
        if others:
            seen += await workflow.execute_child_workflow(
                Relay.run, args=[others[1:], True], task_queue=others[0]
            )
        return seen
