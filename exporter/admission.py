"""What may come in, and how every error leaves: the one table error -> gRPC code and HTTP status.

In: the size of a request; later its error. Out: `Admission`, `answer_of`. Next: `exporter.receiver`
and `exporter.http` decode what was admitted and refuse with the answer.

OTLP clients retry UNAVAILABLE, and RESOURCE_EXHAUSTED only with RetryInfo; whatever else they are
told, they drop the data. So an error that we did not foresee counts as transient.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import grpc

from exporter.settings import EdgeSettings
from pipeline.errors import (
    BadRequest,
    Conflict,
    LimitExceeded,
    NotFound,
    Overloaded,
    Permanent,
    SidecarError,
    StoreUnavailable,
    TemporalUnavailable,
    Transient,
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
    Transient: _RETRY_LATER,
    StoreUnavailable: _RETRY_LATER,
    TemporalUnavailable: _RETRY_LATER,
    Overloaded: Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, 429, True),
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
    return error.retry_after if isinstance(error, Overloaded) else None


class Admission:
    """Bounds what is in flight. Used from one event loop only."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings
        self.n_requests = 0
        self.n_bytes = 0

    @contextmanager
    def admit(self, n_bytes: int) -> Generator[None]:
        """Hold room for one request; raises `LimitExceeded` or `Overloaded`."""
        self._check(n_bytes)
        self.n_requests += 1
        self.n_bytes += n_bytes
        try:
            yield
        finally:
            self.n_requests -= 1
            self.n_bytes -= n_bytes

    def _check(self, n_bytes: int) -> None:
        limits = self._settings
        if n_bytes > limits.max_request_bytes:
            raise LimitExceeded(
                f"the request has {n_bytes} bytes, more than max_request_bytes = "
                f"{limits.max_request_bytes}: send smaller batches or raise that setting"
            )
        if self.n_requests >= limits.max_in_flight_requests:
            raise Overloaded(
                f"max_in_flight_requests = {limits.max_in_flight_requests} reached",
                limits.retry_after,
            )
        if self.n_bytes + n_bytes > limits.max_in_flight_bytes:
            raise Overloaded(
                f"max_in_flight_bytes = {limits.max_in_flight_bytes} reached", limits.retry_after
            )
