"""One table: what becomes of every error of ours, and that no text but its own leaves."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError, RetryState

from pipeline import errors
from pipeline.temporal.failures import failure_code, to_application_error

CANARY = "CANARY-the-customer-said"

TABLE = [
    (errors.BadRequest("bad"), "bad_request", True),
    (errors.LimitExceeded("12 spans"), "limit_exceeded", True),
    (errors.NotFound("no such cluster"), "not_found", True),
    (errors.Conflict("newer"), "conflict", True),
    (errors.StoreUnavailable("locked"), "store_unavailable", False),
    (errors.TemporalUnavailable("away"), "temporal_unavailable", False),
    (errors.Overloaded("full", timedelta(seconds=3)), "overloaded", False),
    (OSError(CANARY), "machine", False),
    (MemoryError(CANARY), "machine", False),
    (KeyError(CANARY), "internal_KeyError", True),
    (ZeroDivisionError(CANARY), "internal_ZeroDivisionError", True),
]


@pytest.mark.parametrize(("error", "code", "permanent"), TABLE, ids=lambda v: str(v)[:20])
def test_table(error: Exception, code: str, permanent: bool) -> None:
    translated = to_application_error(error)
    assert (translated.type, translated.non_retryable) == (code, permanent)
    assert CANARY not in str(translated)


def test_every_class_of_the_tree_is_either_permanent_or_transient() -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type)]
    for kind in kinds:
        if issubclass(kind, errors.SidecarError) and kind is not errors.SidecarError:
            assert issubclass(kind, errors.Permanent) != issubclass(kind, errors.Transient)


def test_overload_says_when_to_come_back() -> None:
    error = to_application_error(errors.Overloaded("full", timedelta(seconds=3)))
    assert error.next_retry_delay == timedelta(seconds=3)


def test_code_is_found_at_the_bottom_of_a_childs_failure() -> None:
    bottom = ApplicationError("12 spans", type="limit_exceeded", non_retryable=True)
    middle = ActivityError(
        "failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="enrich_session",
        activity_id="1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    middle.__cause__ = bottom
    top = ChildWorkflowError(
        "failed",
        namespace="default",
        workflow_id="w",
        run_id="r",
        workflow_type="EnrichSignalsWorkflow",
        initiated_event_id=1,
        started_event_id=2,
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    top.__cause__ = middle
    assert failure_code(top) == "limit_exceeded"
    assert failure_code(RuntimeError("x")) == "internal"
