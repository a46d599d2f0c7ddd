"""`Scope`: something that lasts for a block, `with` or `async with`, or for each call of a function.

In: `enter` of a subclass. Out: context manager and decorator, for functions of every make; one scope
may be in use by many tasks and threads at once. Next: `scopes` has the two there are.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Self, TypeVar, cast

from kelet_temporal.generators import around_async_generator, around_generator

P = ParamSpec("P")
R = TypeVar("R")
Undo = Callable[[BaseException | None], None]

_DEFINED = {
    "__temporal_activity_definition",
    "__temporal_signal_definition",
    "__temporal_query_definition",
    "_defn",
}


class Scope(ABC):
    """A block with a beginning and an end: `with`, `async with`, or around each call."""

    def __init__(self) -> None:
        self._entered: dict[object, list[list[Undo]]] = {}

    @abstractmethod
    def enter(self) -> list[Undo]:
        """Begin; what is returned is undone at the end, last first."""

    @abstractmethod
    def copy(self) -> Self:
        """A fresh scope for one call of a decorated function."""

    def __enter__(self) -> Self:
        self._entered.setdefault(_who(), []).append(self.enter())
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace_back: object) -> None:
        for undo in reversed(self._left()):
            undo(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: object, error: BaseException | None, trace_back: object
    ) -> None:
        self.__exit__(kind, error, trace_back)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        _refuse_definition(function)
        return cast(Callable[P, R], wraps(function)(self._around(function)))

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with self.copy():
                return await function(*args, **kwargs)

        def run(*args: Any, **kwargs: Any) -> Any:
            with self.copy():
                return function(*args, **kwargs)

        if inspect.iscoroutinefunction(function):
            return run_async
        if inspect.isasyncgenfunction(function):
            return around_async_generator(function, self.copy)
        if inspect.isgeneratorfunction(function):
            return around_generator(function, self.copy)
        return run

    def _left(self) -> list[Undo]:
        """What this task entered last; where it ends in another, as garbage does, what is there."""
        who = _who()
        owner = who if who in self._entered else next(reversed(self._entered))
        blocks = self._entered[owner]
        block = blocks.pop()
        if not blocks:
            del self._entered[owner]
        return block


def _who() -> object:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return task or threading.get_ident()


def _refuse_definition(function: object) -> None:
    """Temporal calls the function that its own decorator saw, and would never enter the scope."""
    given = vars(function) if hasattr(function, "__dict__") else {}
    if not _DEFINED.isdisjoint(given):
        raise TypeError("put this decorator below the one of Temporal, next to the function")
