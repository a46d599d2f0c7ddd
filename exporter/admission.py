"""What may come in, and how every error leaves: the one table error -> gRPC code and HTTP status.

In: the size of a request as it grows; later its error. Out: `Admission`, `answer_of`. Next:
`exporter.receiver` and the doors decode what was admitted and refuse with the answer.

OTLP clients retry UNAVAILABLE, and RESOURCE_EXHAUSTED only with RetryInfo; whatever else they are
told, they drop the data. So an error that we did not foresee counts as transient.
"""

from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import NamedTuple, Self

import grpc

from exporter.settings import EdgeSettings
from pipeline.errors import (
    BadRequest,
    BudgetExhausted,
    Conflict,
    LimitExceeded,
    NotFound,
    Overloaded,
    Permanent,
    PermissionDenied,
    SidecarError,
    StoreUnavailable,
    TemporalUnavailable,
    Transient,
    Unauthenticated,
    Unsupported,
)


class Answer(NamedTuple):
    """How one kind of error is told to a client."""

    grpc_code: grpc.StatusCode
    http_status: int
    retryable: bool


_RETRY_LATER = Answer(grpc.StatusCode.UNAVAILABLE, 503, True)

ANSWERS: Mapping[type[Exception], Answer] = {
    Permanent: Answer(grpc.StatusCode.INTERNAL, 500, False),
    BadRequest: Answer(grpc.StatusCode.INVALID_ARGUMENT, 400, False),
    LimitExceeded: Answer(grpc.StatusCode.INVALID_ARGUMENT, 413, False),
    NotFound: Answer(grpc.StatusCode.NOT_FOUND, 404, False),
    Conflict: Answer(grpc.StatusCode.ALREADY_EXISTS, 409, False),
    Unsupported: Answer(grpc.StatusCode.INVALID_ARGUMENT, 415, False),
    Unauthenticated: Answer(grpc.StatusCode.UNAUTHENTICATED, 401, False),
    PermissionDenied: Answer(grpc.StatusCode.PERMISSION_DENIED, 403, False),
    Transient: _RETRY_LATER,
    StoreUnavailable: _RETRY_LATER,
    TemporalUnavailable: _RETRY_LATER,
    Overloaded: Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, 429, True),
    BudgetExhausted: Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, 429, True),
    Exception: _RETRY_LATER,
}
"""Looked up along the error's ancestry, so that a new error behaves like its kind."""


def answer_of(error: Exception) -> Answer:
    """The row of the nearest ancestor of the error's class."""
    return next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)


def message_of(error: Exception) -> str:
    """Our own errors hold no trace text by promise; of any other nothing is told."""
    return str(error) if isinstance(error, SidecarError) else "unexpected error in the sidecar"


def code_of(error: Exception) -> str:
    """The short stable code of an error."""
    return error.code if isinstance(error, SidecarError) else SidecarError.code


def retry_after(error: Exception) -> timedelta | None:
    """How long an overloaded edge asks to wait; None for other errors."""
    return error.retry_after if isinstance(error, Overloaded | BudgetExhausted) else None


class Admission:
    """Bounds what is in flight. Used from the event loop and from the threads that decode."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings
        self.lock = Lock()
        self.n_requests = 0
        self.n_bytes = 0
        self.n_spans = 0

    def admit(self, n_bytes: int = 0) -> "Hold":
        """Room for one request; raises `LimitExceeded` or `Overloaded`."""
        limits = self._settings
        if n_bytes > limits.max_request_bytes:
            raise too_large("request", n_bytes, "max_request_bytes", limits.max_request_bytes)
        with self.lock:
            if self.n_requests >= limits.max_in_flight_requests:
                raise self._overloaded("max_in_flight_requests", limits.max_in_flight_requests)
            self.check_bytes(n_bytes)
            return Hold(self, n_bytes)

    def check_spans(self, n_more: int) -> None:
        """Raises `LimitExceeded` or `Overloaded` unless so many more spans fit."""
        limit = self._settings.max_in_flight_spans
        if n_more > limit:
            raise LimitExceeded(
                f"the request has {n_more} spans or more, above max_in_flight_spans = {limit}: "
                "send smaller batches or raise that setting"
            )
        if self.n_spans + n_more > limit:
            raise self._overloaded("max_in_flight_spans", limit)

    def check_bytes(self, n_more: int) -> None:
        """Raises `Overloaded` unless so many more bytes fit."""
        limit = self._settings.max_in_flight_bytes
        if self.n_bytes + n_more > limit:
            raise self._overloaded("max_in_flight_bytes", limit)

    def _overloaded(self, setting: str, limit: int) -> Overloaded:
        return Overloaded(f"{setting} = {limit} reached", self._settings.retry_after)


class Hold:
    """The room of one request. It grows while the request is read and is given back once.

    Made under the lock by `Admission.admit`.
    """

    def __init__(self, admission: Admission, n_bytes: int) -> None:
        self._admission = admission
        self._released = False
        self._n_bytes = n_bytes
        self._n_spans = 0
        admission.n_requests += 1
        admission.n_bytes += n_bytes

    def grow(self, n_bytes: int) -> None:
        """Hold so many bytes more; raises `Overloaded`."""
        with self._admission.lock:
            self._admission.check_bytes(n_bytes)
            self._admission.n_bytes += n_bytes
            self._n_bytes += n_bytes

    def hold_spans(self, n_spans: int) -> None:
        """Hold so many spans; raises `LimitExceeded` or `Overloaded`."""
        with self._admission.lock:
            self._admission.check_spans(n_spans)
            self._admission.n_spans += n_spans
            self._n_spans += n_spans

    def release(self) -> None:
        """Give everything back; a second time changes nothing."""
        with self._admission.lock:
            if not self._released:
                self._released = True
                self._admission.n_requests -= 1
                self._admission.n_bytes -= self._n_bytes
                self._admission.n_spans -= self._n_spans

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def too_large(what: str, n_bytes: int, setting: str, limit: int) -> LimitExceeded:
    """The refusal of something larger than its limit."""
    return LimitExceeded(
        f"the {what} has {n_bytes} bytes, more than {setting} = {limit}: "
        "send smaller batches or raise that setting"
    )
