"""A generator that runs in a scope while its reader does not: each step in a context of its own.

In: a generator function, sync or async, and what to enter for the life of each generator.
Out: `around_generator`, `around_async_generator`.
A plain `with` around the yields would put the reader into the session, too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context, copy_context
from typing import Any, TypeVar

T = TypeVar("T")
NewScope = Callable[[], AbstractContextManager[Any]]


def around_generator(
    function: Callable[..., Generator[Any, Any, Any]], scope: NewScope
) -> Callable[..., Generator[Any, Any, Any]]:
    """The same generator function, each of whose generators runs in a scope."""

    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        context, generator = copy_context(), function(*args, **kwargs)
        with _entered(context, scope()):
            step: Callable[[Any], Any] = generator.send
            argument: Any = None
            while True:
                try:
                    given = context.run(step, argument)
                except StopIteration as end:
                    return end.value
                try:
                    step, argument = generator.send, (yield given)
                except GeneratorExit:
                    context.run(generator.close)
                    raise
                except BaseException as error:
                    step, argument = generator.throw, error

    return run


def around_async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]], scope: NewScope
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """The same for an async one."""

    async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        context, generator = copy_context(), function(*args, **kwargs)
        with _entered(context, scope()):
            step: Callable[[Any], Awaitable[Any]] = generator.asend
            argument: Any = None
            while True:
                try:
                    given = await _Within(context, step(argument))
                except StopAsyncIteration:
                    return
                try:
                    step, argument = generator.asend, (yield given)
                except GeneratorExit:
                    await _Within(context, generator.aclose())
                    raise
                except BaseException as error:
                    step, argument = generator.athrow, error

    return run


class _Within(Awaitable[T]):
    """Awaits as the task that awaits it, but computes in another context."""

    def __init__(self, context: Context, awaited: Awaitable[T]) -> None:
        self._context = context
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, T]:
        inner = self._awaited.__await__()
        step: Callable[[Any], Any] = inner.send
        argument: Any = None
        while True:
            try:
                given = self._context.run(step, argument)
            except StopIteration as end:
                return end.value
            try:
                step, argument = inner.send, (yield given)
            except BaseException as error:
                step, argument = inner.throw, error


@contextmanager
def _entered(context: Context, scope: AbstractContextManager[Any]) -> Generator[None]:
    context.run(scope.__enter__)
    try:
        yield
    except BaseException as error:
        context.run(scope.__exit__, type(error), error, error.__traceback__)
        raise
    context.run(scope.__exit__, None, None, None)
