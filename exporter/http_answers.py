"""How an error leaves over HTTP, whatever the body is.

In: an error. Out: a line in the log for what nobody foresaw, and the headers that tell when to come
back. Next: `exporter.http` and `exporter.http_otlp` put a body to it.
"""

import logging
import traceback
from datetime import timedelta

from starlette.responses import JSONResponse

from exporter.admission import answer_of, code_of, message_of, retry_after
from pipeline.errors import SidecarError, Unauthenticated

log = logging.getLogger(__name__)

PAUSE = timedelta(seconds=1)
"""What to wait after an error that says nothing of it."""


def log_unexpected(error: Exception) -> None:
    """Where it was, never what it says: it may quote a trace."""
    if not isinstance(error, SidecarError):
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected %s\n%s", type(error).__name__, where)


def retry_headers(error: Exception) -> dict[str, str]:
    """`Retry-After` where trying again helps; what a 401 must carry."""
    headers: dict[str, str] = {}
    if answer_of(error).retryable:
        pause = retry_after(error) or PAUSE
        headers["retry-after"] = str(max(1, round(pause.total_seconds())))
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return headers


def json_refusal(error: Exception) -> JSONResponse:
    """`{code, message}`: how the HTTP API refuses."""
    log_unexpected(error)
    body = {"code": code_of(error), "message": message_of(error)}
    return JSONResponse(body, answer_of(error).http_status, retry_headers(error))
