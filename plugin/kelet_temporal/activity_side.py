"""The activity and Nexus halves: user code runs inside its session, sync or async, unaware of it.

In: the headers of a task. Out: `ActivityInbound`, `NexusInbound`. Next: `stamper` marks every span
within with the session, the activity and its attempt, whether or not Temporal's own spans are on.
"""

from __future__ import annotations

import concurrent.futures
import functools
import inspect
import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from nexusrpc.handler import StartOperationResultAsync, StartOperationResultSync
from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteNexusOperationCancelInput,
    ExecuteNexusOperationStartInput,
    NexusOperationInboundInterceptor,
)

from kelet_temporal.headers import read_session, read_session_text
from kelet_temporal.names import (
    ACTIVITY_ID_ATTRIBUTE,
    ACTIVITY_TYPE_ATTRIBUTE,
    ATTEMPT_ATTRIBUTE,
    RUN_ID_ATTRIBUTE,
    WORKFLOW_ID_ATTRIBUTE,
    WORKFLOW_TYPE_ATTRIBUTE,
)
from kelet_temporal.scopes import enter_session
from kelet_temporal.session import Place, Run, Session, place_var, run_var, session_var
from kelet_temporal.workflow_side import AutoSession, Rule, Ruled, completed

logger = logging.getLogger("kelet_temporal")


class ActivityInbound(ActivityInboundInterceptor):
    """Sets session and place for the interceptors within, then wraps the user's function."""

    def __init__(self, next: ActivityInboundInterceptor, auto_session: AutoSession) -> None:
        super().__init__(next)
        self._auto_session = auto_session

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        session = read_session(input.headers)
        if not (session and session.session_id):
            session = completed(session, self._derive(info))
        place = _place(info)
        # Never reset: an activity has a task of its own.
        session_var.set(session)
        place_var.set(place)
        run_var.set(Run())
        fn = _wrapped(input, session, place)
        return await super().execute_activity(replace(input, fn=fn))

    def _derive(self, info: activity.Info) -> Ruled:
        """Only for an activity whose caller sent no session, so there is no chain to know of."""
        if callable(self._auto_session):
            try:
                return cast(Rule, self._auto_session)(info)
            except Exception as error:
                logger.warning("auto_session failed: %s", type(error).__name__)
                return None
        if not self._auto_session:
            return None
        return info.workflow_run_id or getattr(info, "activity_run_id", None)


class NexusInbound(NexusOperationInboundInterceptor):
    """Sets the session for a Nexus operation handler."""

    async def execute_nexus_operation_start(
        self, input: ExecuteNexusOperationStartInput
    ) -> StartOperationResultSync[Any] | StartOperationResultAsync:
        with inside(read_session_text(input.ctx.headers), {}):
            return await super().execute_nexus_operation_start(input)

    async def execute_nexus_operation_cancel(self, input: ExecuteNexusOperationCancelInput) -> None:
        with inside(read_session_text(input.ctx.headers), {}):
            await super().execute_nexus_operation_cancel(input)


@contextmanager
def inside(session: Session | None, place: Place) -> Generator[None]:
    """Run a block in a session at a place, in this thread or process."""
    place_token = place_var.set(place)
    run_token = run_var.set(run_var.get() or Run())
    undo = enter_session(session) if session else []
    try:
        yield
    finally:
        for step in reversed(undo):
            step(None)
        run_var.reset(run_token)
        place_var.reset(place_token)


def _wrapped(
    input: ExecuteActivityInput, session: Session | None, place: Place
) -> Callable[..., Any]:
    """The user's function in its session: within OpenTelemetry's context and in its own thread.

    A process pool gets a plain partial, which travels; it needs `configure` in its initializer.
    """
    fn = input.fn
    is_async = inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(
        getattr(fn, "__call__", None)  # noqa: B004 - an instance with an async __call__ counts
    )
    wrapped = functools.partial(_call_async if is_async else _call, session, place, fn)
    if is_async or isinstance(input.executor, concurrent.futures.ThreadPoolExecutor):
        functools.update_wrapper(wrapped, fn, updated=())
    return wrapped


def _call(session: Session | None, place: Place, fn: Callable[..., Any], *args: Any) -> Any:
    with inside(session, place):
        return fn(*args)


async def _call_async(
    session: Session | None, place: Place, fn: Callable[..., Any], *args: Any
) -> Any:
    with inside(session, place):
        return await fn(*args)


def _place(info: activity.Info) -> Mapping[str, str | int]:
    given = {
        WORKFLOW_ID_ATTRIBUTE: info.workflow_id,
        RUN_ID_ATTRIBUTE: info.workflow_run_id,
        WORKFLOW_TYPE_ATTRIBUTE: info.workflow_type,
        ACTIVITY_ID_ATTRIBUTE: info.activity_id,
        ACTIVITY_TYPE_ATTRIBUTE: info.activity_type,
        ATTEMPT_ATTRIBUTE: info.attempt,
    }
    return {name: value for name, value in given.items() if value is not None}
