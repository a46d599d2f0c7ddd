"""The one table from errors of the domain to Temporal's `ApplicationError`, and back to a code.

In: whatever an activity raised. Out: permanent or transient, with a code and ids only; the original
exception, its cause and its text stay out of the history. Next: the workflow reads `failure_code`.
"""

import logging
import traceback
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.exceptions import (
    ApplicationError,
    FailureError,
    TimeoutError,
    is_cancelled_exception,
)
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from pipeline.errors import BudgetExhausted, Overloaded, Permanent, SidecarError, Transient

log = logging.getLogger(__name__)


def to_application_error(error: Exception) -> ApplicationError:
    """The table. An error that is not of our tree is a defect: the same input will meet it again.

    Only what the machine may cure (memory, files, time) is worth another attempt.
    """
    if isinstance(error, ApplicationError):
        return _without_text(error)
    if isinstance(error, Overloaded | BudgetExhausted):
        return ApplicationError(str(error), type=error.code, next_retry_delay=error.retry_after)
    if isinstance(error, Transient):
        return ApplicationError(str(error), type=error.code)
    if isinstance(error, Permanent | SidecarError):
        return ApplicationError(str(error), type=error.code, non_retryable=True)
    kind = type(error).__name__
    if isinstance(error, MemoryError | OSError):
        return ApplicationError(kind, type="machine")
    return ApplicationError(kind, type=f"internal_{kind}", non_retryable=True)


def _without_text(error: ApplicationError) -> ApplicationError:
    """A library's message may quote a provider's answer; its details are payloads like any other."""
    return ApplicationError(
        error.type or "error",
        *error.details,
        type=error.type,
        non_retryable=error.non_retryable,
        next_retry_delay=error.next_retry_delay,
        category=error.category,
    )


def failure_code(error: BaseException) -> str:
    """The code at the bottom of a failure that reached a workflow."""
    code = "internal"
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, ApplicationError) and at.type:
            code = at.type
        elif isinstance(at, TimeoutError):
            code = "timeout"
        at = at.cause if isinstance(at, FailureError) else at.__cause__
    return code


def _frames(error: Exception) -> str:
    """Where it was raised: places in our code without the message, which may quote a trace."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in frames)


class FailureTable(Interceptor):
    """Worker interceptor: every activity raises by the table, local ones too."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap the chain."""
        return _Translate(next)


class _Translate(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except Exception as error:
            if is_cancelled_exception(error):
                raise
            translated = to_application_error(error)
            info = activity.info()
            log.warning(
                "%s of %s failed (attempt %d): %s%s",
                *(info.activity_type, info.workflow_id, info.attempt, translated.type),
                _frames(error) if translated.non_retryable else "",
            )
            failures = activity.metric_meter().create_counter(
                "kelet_activity_failures", "Failed attempts of activities, by code."
            )
            failures.add(1, {"code": translated.type or "internal"})
            # `from None`: the failure in the history carries no cause, hence no text of the cause.
            raise translated from None
