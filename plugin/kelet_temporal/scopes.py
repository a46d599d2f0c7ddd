"""`agentic_session` and `agent`: a block of code, or a function, that belongs to a session or agent.

In: ids and names. Out: context managers and decorators, for sync and async code alike.
Next: `stamper` reads what they set. Within a workflow they set plain values only, and an agent's
span is drawn where the tracer provider is safe under replay.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Self

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode
from temporalio import workflow

from kelet_temporal.block import Scope, Undo
from kelet_temporal.names import AGENT_ATTRIBUTE
from kelet_temporal.plain import text
from kelet_temporal.replay_safe import is_replay_safe
from kelet_temporal.session import (
    Session,
    current_session,
    session_to_baggage,
    session_to_context,
    session_var,
)
from kelet_temporal.stamper import stamp_span


class SessionScope(Scope):
    """What `agentic_session` returns."""

    def __init__(
        self,
        session_id: str | None,
        user_id: str | None,
        project: str | None,
        metadata: dict[str, object],
    ) -> None:
        super().__init__()
        ids = (text(session_id), text(user_id), text(project))
        self._given = Session(*ids, None, metadata)

    def copy(self) -> Self:
        given = self._given
        return type(self)(given.session_id, given.user_id, given.project, dict(given.metadata))

    def enter(self) -> list[Undo]:
        outer, given = current_session() or Session(), self._given
        session = Session(
            session_id=given.session_id,
            user_id=given.user_id if given.user_id is not None else outer.user_id,
            project=given.project if given.project is not None else outer.project,
            agent=outer.agent,
            metadata={**outer.metadata, **given.metadata},
            depth=outer.depth,
        )
        return enter_session(session)


class AgentScope(Scope):
    """What `agent` returns."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = text(name) or "agent"

    def copy(self) -> Self:
        return type(self)(self._name)

    def enter(self) -> list[Undo]:
        session = replace(current_session() or Session(), agent=self._name)
        undo = [_set_session(session)]
        if workflow.in_workflow() and not is_replay_safe(trace.get_tracer_provider()):
            return undo
        attributes = {"gen_ai.operation.name": "invoke_agent", AGENT_ATTRIBUTE: self._name}
        span = trace.get_tracer("kelet_temporal").start_span(
            f"agent {self._name}", attributes=attributes
        )
        within = workflow.in_workflow()
        undo.append(lambda error: _end_span(span, error, within))
        undo.append(attach(trace.set_span_in_context(span, session_to_context(session))))
        return undo


def agentic_session(
    *,
    session_id: str,
    user_id: str | None = None,
    project: str | None = None,
    **metadata: object,
) -> SessionScope:
    """All work within belongs to this session; what is not given is taken from an outer one.

    Further keyword arguments become `metadata.<key>` on every span.
    """
    return SessionScope(session_id, user_id, project, metadata)


def agent(*, name: str) -> AgentScope:
    """All work within is done by this agent, under a span of its own."""
    return AgentScope(name)


def enter_session(session: Session) -> list[Undo]:
    """Begin a session as it stands, with nothing inherited."""
    outer = session_var.get()
    undo = [_set_session(session)]
    if not workflow.in_workflow():
        undo.append(attach(session_to_baggage(session, session_to_context(session))))
        # A span that began in another session of this process is that session's.
        if outer is None or outer.session_id in (None, session.session_id):
            stamp_span(trace.get_current_span(), session)
    return undo


def attach(context: Context) -> Undo:
    """Attach a context; the undo is quiet where garbage collection runs it in another context."""
    token = otel_context.attach(context)

    def undo(_: BaseException | None) -> None:
        with suppress(ValueError):
            token.var.reset(token)

    return undo


def _set_session(session: Session) -> Undo:
    token = session_var.set(session)

    def undo(_: BaseException | None) -> None:
        with suppress(ValueError):
            session_var.reset(token)

    return undo


def _end_span(span: Span, error: BaseException | None, in_workflow: bool) -> None:
    """End an agent's span, unless its workflow is only leaving this worker's cache."""
    if isinstance(error, Exception):
        span.record_exception(error)
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
    evicted = error is not None and not isinstance(
        error, Exception | asyncio.CancelledError | workflow.ContinueAsNewError
    )
    if not (evicted and in_workflow):
        span.end()
