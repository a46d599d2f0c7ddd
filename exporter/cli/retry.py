"""When and how long to try again: the rules of OTLP for gRPC, and the same for HTTP.

In: a call that may fail. Out: its result, or its last error. Next: `import_spans` and
`import_signals` send with it, so that a receiver that restarts loses nothing.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar, cast

import grpc
import httpx
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_delay,
    wait_exponential_jitter,
)

T = TypeVar("T")

RETRYABLE = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""What OTLP retries always; RESOURCE_EXHAUSTED only when the server says when."""

RETRYABLE_HTTP = frozenset({429, 502, 503, 504})

_pause = wait_exponential_jitter(initial=0.2, max=5, jitter=0.2)


async def retried(call: Callable[[], Awaitable[T]], within: timedelta) -> T:
    """The result of `call`, tried again while that may help; its last error when time is up."""
    attempts = AsyncRetrying(
        retry=retry_if_exception(is_transient),
        wait=_wait,
        stop=stop_after_delay(within.total_seconds()),
        reraise=True,
    )
    return await attempts(call)


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later."""
    match error:
        case grpc.aio.AioRpcError():
            exhausted = error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            return error.code() in RETRYABLE or (exhausted and retry_info(error) is not None)
        case httpx.HTTPStatusError():
            return error.response.status_code in RETRYABLE_HTTP
        case httpx.TransportError():
            return not isinstance(error, httpx.UnsupportedProtocol)
        case _:
            return False


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    asked = asked_pause(error)
    return _pause(state) if asked is None else asked


def asked_pause(error: BaseException | None) -> float | None:
    """Seconds that the server asked to wait: RetryInfo, or a Retry-After in seconds."""
    if isinstance(error, grpc.aio.AioRpcError):
        info = retry_info(error)
        return info.retry_delay.ToTimedelta().total_seconds() if info is not None else None
    if isinstance(error, httpx.HTTPStatusError):
        after = error.response.headers.get("retry-after", "")
        return float(after) if after.isdigit() else None
    return None


def retry_info(error: grpc.aio.AioRpcError) -> RetryInfo | None:
    """The RetryInfo among the details of a status."""
    try:
        status = rpc_status.from_call(cast("grpc.Call", error))
    except ValueError:
        return None
    for detail in status.details if status is not None else ():
        info = RetryInfo()
        if detail.Unpack(info):
            return info
    return None
