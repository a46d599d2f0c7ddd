"""Ending background tasks for certain.

In: tasks of the running loop. Out: `end_all`. Next: the stop of whoever started them.
"""

import asyncio
from collections.abc import Iterable

PATIENCE_SECONDS = 1.0


async def end_all(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel until all have ended: a library may swallow a cancellation that meets its result."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=PATIENCE_SECONDS)
