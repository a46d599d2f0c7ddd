"""`signal`: tell the sidecar what somebody thought of a session.

In: kind, source, and the session of the running code. Out: one HTTP request, tried three times,
whose `Idempotency-Key` makes repeating it harmless. From workflow code it leaves by a registered
local activity, so that replay sends nothing and a retry is the same signal.
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import logging
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from opentelemetry import context as otel_context
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    is_cancelled_exception,
)

from kelet_temporal.names import SIGNAL_ACTIVITY
from kelet_temporal.plain import json_object, json_text
from kelet_temporal.session import current_session, get_trace_id, run_var
from kelet_temporal.settings import DEFAULT_PROJECT, Settings, signal_settings

logger = logging.getLogger("kelet_temporal")

MAX_ATTEMPTS = 3
_TIMEOUT_S = 5.0
_BACKOFF = timedelta(milliseconds=500)
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
# What OpenTelemetry's HTTP instrumentations look for before they draw a span.
_SUPPRESS = "suppress_instrumentation"


class _AnyCase(StrEnum):
    @classmethod
    def _missing_(cls, value: object) -> _AnyCase | None:
        return next((m for m in cls if isinstance(value, str) and m == value.lower()), None)


class SignalKind(_AnyCase):
    """What sort of observation it is."""

    FEEDBACK = "feedback"
    EDIT = "edit"
    EVENT = "event"
    METRIC = "metric"
    ARBITRARY = "arbitrary"


class SignalSource(_AnyCase):
    """Whose observation it is."""

    HUMAN = "human"
    LABEL = "label"
    SYNTHETIC = "synthetic"


class SignalNotSent(Exception):
    """The sidecar refused the signal, or could not be reached."""

    def __init__(self, message: str, *, passing: bool) -> None:
        super().__init__(message)
        self.passing = passing


class Outgoing(NamedTuple):
    """One signal, ready to be sent."""

    project: str | None
    key: str
    body: dict[str, Any]


async def signal(
    kind: SignalKind | str,
    source: SignalSource | str,
    *,
    session_id: str | None = None,
    trace_id: str | None = None,
    trigger_name: str | None = None,
    score: float | None = None,
    value: Any = None,
    confidence: float | None = None,
    metadata: Mapping[str, Any] | None = None,
    timestamp: datetime | None = None,
    raise_on_failure: bool = False,
) -> None:
    """Send a signal for a session (by default the current one) or, failing that, a trace."""
    outgoing = _outgoing(
        SignalKind(kind),
        SignalSource(source),
        session_id,
        trace_id,
        {
            "trigger_name": trigger_name,
            "score": _share("score", score),
            "value": value if value is None or isinstance(value, str) else _json(value),
            "confidence": _share("confidence", confidence),
            "metadata": _plain(metadata) if metadata else None,
            "timestamp": timestamp.isoformat() if timestamp else None,
        },
    )
    if workflow.in_workflow():
        await _send_from_workflow(outgoing, raise_on_failure)
    else:
        await asyncio.to_thread(_send_with_retries, outgoing, raise_on_failure)


def signal_sync(kind: SignalKind | str, source: SignalSource | str, **options: Any) -> None:
    """The same for code that cannot await, such as a sync activity. Not for workflow code."""
    if workflow.in_workflow():
        raise RuntimeError("in workflow code use `await signal(...)`")
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        raise TypeError("in async code use `await signal(...)`")
    asyncio.run(signal(kind, source, **options))


@activity.defn(name=SIGNAL_ACTIVITY)
async def send_signal(project: str | None, key: str, body: dict[str, Any], loud: bool) -> None:
    """Send one signal for workflow code; Temporal does the retrying."""
    settings = signal_settings()
    if settings is None:
        return
    if not ("session_id" in body or "trace_id" in body):
        logger.warning("signal dropped: the workflow has no session")
        return
    try:
        await asyncio.to_thread(_post, settings, Outgoing(project, key, body))
    except SignalNotSent as error:
        if error.passing and activity.info().attempt < MAX_ATTEMPTS:
            raise ApplicationError(str(error), type="SignalNotSent") from None
        if loud or settings.signal_failure_mode == "raise":
            raise ApplicationError(str(error), type="SignalNotSent", non_retryable=True) from None
        logger.warning("signal dropped: %s", error)


async def _send_from_workflow(outgoing: Outgoing, raise_on_failure: bool) -> None:
    """Whatever happens here follows from the history alone, never from this worker's settings."""
    try:
        await workflow.execute_local_activity(
            SIGNAL_ACTIVITY,
            args=[outgoing.project, outgoing.key, outgoing.body, raise_on_failure],
            start_to_close_timeout=timedelta(seconds=_TIMEOUT_S + 5),
            schedule_to_close_timeout=timedelta(seconds=MAX_ATTEMPTS * _TIMEOUT_S + 5),
            retry_policy=RetryPolicy(initial_interval=_BACKOFF, maximum_attempts=MAX_ATTEMPTS),
        )
    except ActivityError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.type == "NotFoundError":
            raise RuntimeError(
                f"activity {SIGNAL_ACTIVITY} is not registered: use KeletPlugin on this worker"
            ) from error
        if raise_on_failure or is_cancelled_exception(error):
            raise
        if isinstance(cause, ApplicationError):
            raise
        workflow.logger.warning("signal dropped: %s", cause)


def _outgoing(
    kind: SignalKind,
    source: SignalSource,
    session_id: str | None,
    trace_id: str | None,
    options: dict[str, Any],
) -> Outgoing:
    session = current_session()
    session_id = session_id or (session.session_id if session else None)
    trace_id = trace_id or (None if session_id else get_trace_id())
    # Workflow code must act alike on every replay, with or without a session: the activity refuses.
    if not session_id and not trace_id and not workflow.in_workflow():
        raise ValueError("session_id or trace_id is required outside agentic_session()")
    ids = {"session_id": session_id, "trace_id": trace_id}
    body = {"kind": kind.value, "source": source.value, **ids, **options}
    body = {name: value for name, value in body.items() if value is not None}
    return Outgoing(session.project if session else None, _key(body), body)


def _key(body: dict[str, Any]) -> str:
    """The same for the same call on a replay or a retried attempt, another for any other call."""
    if workflow.in_workflow():
        info, run = workflow.info(), run_var.get()
        # Without our interceptor nothing counts; workflow.uuid4 is deterministic as well.
        place = run.next_signal() if run else str(workflow.uuid4())
        parts: list[Any] = [info.namespace, info.workflow_id, info.run_id, place]
    elif activity.in_activity():
        info = activity.info()
        run = run_var.get()
        place = run.next_signal() if run else 0
        run_id = info.workflow_run_id or getattr(info, "activity_run_id", None)
        parts = [info.workflow_id, run_id, info.activity_id, place, body]
    else:
        parts = [str(uuid.uuid4())]
    return hashlib.sha256(_json(parts).encode()).hexdigest()


def _send_with_retries(outgoing: Outgoing, raise_on_failure: bool) -> None:
    settings = signal_settings()
    if settings is None:
        return
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            _post(settings, outgoing)
            return
        except SignalNotSent as error:
            if error.passing and attempt < MAX_ATTEMPTS:
                time.sleep(_BACKOFF.total_seconds() * 2 ** (attempt - 1))
                continue
            if raise_on_failure:
                raise
            logger.warning("signal dropped: %s", error)
            return


def _post(settings: Settings, outgoing: Outgoing) -> None:
    """One request; what it says about a failure never holds the content of the signal."""
    project = urllib.parse.quote(outgoing.project or settings.project or DEFAULT_PROJECT, safe="")
    request = urllib.request.Request(
        f"{settings.base_url}/api/projects/{project}/signal",
        data=_json(outgoing.body).encode(),
        headers={
            "Content-Type": "application/json",
            "Idempotency-Key": outgoing.key,
            **({"Authorization": settings.api_key} if settings.api_key else {}),
        },
    )
    token = otel_context.attach(otel_context.set_value(_SUPPRESS, True))
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise SignalNotSent(
            f"the sidecar answered {error.code}", passing=error.code in _PASSING
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise SignalNotSent(f"no connection ({type(error).__name__})", passing=True) from None
    finally:
        otel_context.detach(token)


def _share(name: str, value: float | None) -> float | None:
    if value is not None and not 0 <= value <= 1:
        raise ValueError(f"{name} must be between 0 and 1")
    # Other makes of number, such as numpy's, are none in JSON.
    return value if value is None else float(value)


def _plain(metadata: Mapping[str, Any]) -> Any:
    """What any data converter takes, since workflow code hands it to an activity."""
    return json.loads(json_object(metadata))


def _json(value: object) -> str:
    try:
        return json.dumps(value, default=str)
    except (TypeError, ValueError, RecursionError):
        return json_text(value)
