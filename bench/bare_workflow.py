"""The limit that the pipeline is measured against: one timer and three activities, nothing in them.

In: nothing. Out: `BareWorkflow` and its activities. Next: `bench.pipeline` runs it on one server.
"""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def do_nothing(number: int) -> int:
    """An activity that costs nothing."""
    return number


@workflow.defn
class BareWorkflow:
    """One timer, then three activities in parallel."""

    @workflow.run
    async def run(self, timer: timedelta) -> int:
        """Wait and call."""
        await workflow.sleep(timer)
        calls = [
            workflow.execute_activity(do_nothing, n, start_to_close_timeout=timedelta(seconds=30))
            for n in range(3)
        ]
        return sum(await asyncio.gather(*calls))
