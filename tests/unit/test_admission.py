"""Admission: bounds, and each row of the table error -> status."""

from datetime import timedelta

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from exporter.admission import (
    ANSWERS,
    Admission,
    Answer,
    answer_of,
    code_of,
    message_of,
    retry_after,
)
from exporter.otlp_grpc import STATUS_DETAILS, status_details
from exporter.settings import EdgeSettings
from pipeline import errors

CODE = grpc.StatusCode
SMALL = EdgeSettings(
    max_request_bytes=10,
    max_in_flight_bytes=20,
    max_in_flight_requests=3,
    max_in_flight_spans=4,
    retry_after=timedelta(milliseconds=1500),
)


@pytest.mark.parametrize(
    ("error", "code", "status", "retryable"),
    [
        (errors.Permanent("x"), CODE.INTERNAL, 500, False),
        (errors.BadRequest("x"), CODE.INVALID_ARGUMENT, 400, False),
        (errors.LimitExceeded("x"), CODE.INVALID_ARGUMENT, 413, False),
        (errors.NotFound("x"), CODE.NOT_FOUND, 404, False),
        (errors.Conflict("x"), CODE.ALREADY_EXISTS, 409, False),
        (errors.Unsupported("x"), CODE.INVALID_ARGUMENT, 415, False),
        (errors.Unauthenticated("x"), CODE.UNAUTHENTICATED, 401, False),
        (errors.PermissionDenied("x"), CODE.PERMISSION_DENIED, 403, False),
        (errors.Transient("x"), CODE.UNAVAILABLE, 503, True),
        (errors.StoreUnavailable("x"), CODE.UNAVAILABLE, 503, True),
        (errors.TemporalUnavailable("x"), CODE.UNAVAILABLE, 503, True),
        (errors.Overloaded("x", timedelta(1)), CODE.RESOURCE_EXHAUSTED, 429, True),
        (errors.BudgetExhausted("x", timedelta(1)), CODE.RESOURCE_EXHAUSTED, 429, True),
        (errors.SidecarError("x"), CODE.UNAVAILABLE, 503, True),
        (ValueError("canary"), CODE.UNAVAILABLE, 503, True),
    ],
)
def test_each_row(error: Exception, code: CODE, status: int, retryable: bool) -> None:
    assert answer_of(error) == Answer(code, status, retryable)


def test_every_error_of_the_tree_has_a_row_and_a_new_one_takes_after_its_kind() -> None:
    tree = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    named = {kind for kind in tree if issubclass(kind, errors.SidecarError)}
    assert named - {errors.SidecarError} <= ANSWERS.keys()

    class DiskFull(errors.StoreUnavailable):
        pass

    assert answer_of(DiskFull("x")).grpc_code is CODE.UNAVAILABLE


def test_permanent_errors_are_not_retryable_and_transient_ones_are() -> None:
    for kind, answer in ANSWERS.items():
        assert answer.retryable == (not issubclass(kind, errors.Permanent))


def test_a_foreign_error_tells_nothing_of_itself() -> None:
    assert "canary" not in message_of(ValueError("canary"))
    assert code_of(ValueError("canary")) == "internal"
    assert message_of(errors.BadRequest("reason")) == "reason"


def test_retry_info_rides_with_overload_only() -> None:
    error = errors.Overloaded("busy", timedelta(milliseconds=1500))
    ((key, raw),) = status_details(CODE.RESOURCE_EXHAUSTED, "busy", error)
    status = Status.FromString(raw)
    info = RetryInfo()
    assert key == STATUS_DETAILS
    assert status.details[0].Unpack(info)
    assert (status.code, status.message) == (8, "busy")
    assert info.retry_delay.ToMilliseconds() == 1500
    assert retry_after(error) == timedelta(milliseconds=1500)
    assert status_details(CODE.UNAVAILABLE, "x", errors.StoreUnavailable("x")) == ()


def enter(admission: Admission, n_bytes: int) -> None:
    with admission.admit(n_bytes):
        pass


def test_bytes_in_flight_are_bounded_and_given_back() -> None:
    admission = Admission(SMALL)
    with admission.admit(10), admission.admit(10):
        with pytest.raises(errors.Overloaded, match="max_in_flight_bytes = 20") as refused:
            enter(admission, 1)
        assert refused.value.retry_after == SMALL.retry_after
    with pytest.raises(RuntimeError), admission.admit(10):
        raise RuntimeError
    assert (admission.n_bytes, admission.n_requests) == (0, 0)


def test_requests_in_flight_are_bounded() -> None:
    admission = Admission(SMALL)
    with admission.admit(0), admission.admit(0), admission.admit(0):
        refuse = pytest.raises(errors.Overloaded, match="max_in_flight_requests = 3")
        with refuse:
            enter(admission, 0)


def test_a_request_over_the_limit_is_refused_for_good_naming_limit_and_setting() -> None:
    with pytest.raises(errors.LimitExceeded, match=r"11 bytes.*max_request_bytes = 10"):
        enter(Admission(SMALL), 11)


def test_spans_in_flight_are_bounded_and_given_back_with_the_rest() -> None:
    admission = Admission(SMALL)
    with admission.admit(1) as hold, admission.admit(1) as other:
        hold.hold_spans(3)
        with pytest.raises(errors.Overloaded, match="max_in_flight_spans = 4"):
            other.hold_spans(2)
        with pytest.raises(errors.LimitExceeded, match=r"5 spans.*max_in_flight_spans = 4"):
            other.hold_spans(5)
        other.hold_spans(1)
        hold.release()
        hold.release()
        assert (admission.n_spans, admission.n_requests) == (1, 1)
    assert (admission.n_bytes, admission.n_requests, admission.n_spans) == (0, 0, 0)


def test_a_body_is_counted_while_it_comes() -> None:
    admission = Admission(SMALL)
    with admission.admit() as hold, admission.admit() as other:
        hold.grow(15)
        with pytest.raises(errors.Overloaded, match="max_in_flight_bytes = 20"):
            other.grow(6)
        other.grow(5)
    assert (admission.n_bytes, admission.n_requests) == (0, 0)


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="max_request_bytes"):
        EdgeSettings(max_request_bytes=30, max_in_flight_bytes=20)
