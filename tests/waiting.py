"""Waiting for what happens, not for a time: a loaded machine takes ten times as long.

In: a question. Out: `until` returns when the answer is yes. Next: the test goes on.
"""

import asyncio
import inspect
import itertools
import time
from collections.abc import Awaitable, Callable

PATIENCE = 60.0
PAUSE = 0.05


async def until(happens: Callable[[], bool | Awaitable[bool]]) -> None:
    """Ask again and again; fails after `PATIENCE` seconds."""
    deadline = time.monotonic() + PATIENCE
    for _ in itertools.count():
        answer = happens()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(PAUSE)
