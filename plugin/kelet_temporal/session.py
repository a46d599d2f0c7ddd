"""Who the running code works for: one `Session` in one context variable, and the getters over it.

In: nothing. Out: `current_session`, `get_session_id` and friends. Next: `headers` writes it on the
wire, `stamper` on spans. Plain values only, so workflow code may hold and read them under replay.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import cast

from opentelemetry import baggage, trace
from opentelemetry import context as otel_context
from opentelemetry.context import Context

from kelet_temporal.names import (
    METADATA_BAGGAGE,
    PROJECT_BAGGAGE,
    SESSION_BAGGAGE,
    USER_BAGGAGE,
)
from kelet_temporal.plain import text

Place = Mapping[str, str | int]


MAX_DEPTH = 1
"""Who analyses applications may be looked at as well; who analyses that, no more."""


@dataclass(frozen=True)
class Session:
    """What travels with every call.

    `depth` counts how many analyses the work is away from an application: 0 in one, 1 in what
    analyses it, 2 in what analyses the analysis. Spans deeper than `MAX_DEPTH` are not exported.
    """

    session_id: str | None = None
    user_id: str | None = None
    project: str | None = None
    agent: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict[str, object])
    depth: int = 0


class Run:
    """One workflow run as this worker sees it; counts what must be told apart within the run."""

    def __init__(self) -> None:
        self.n_signals = 0

    def next_signal(self) -> int:
        """A number that is the same for the same signal on every replay."""
        self.n_signals += 1
        return self.n_signals


session_var: ContextVar[Session | None] = ContextVar("kelet_session", default=None)
place_var: ContextVar[Place | None] = ContextVar("kelet_place", default=None)
run_var: ContextVar[Run | None] = ContextVar("kelet_run", default=None)

# The same in OpenTelemetry's context, which instrumentations hand to threads of their own.
_SESSION_KEY, _PLACE_KEY = "kelet-session", "kelet-place"


def current_session(context: Context | None = None) -> Session | None:
    """The session set in this process, else the one that W3C baggage brought from another."""
    handed = otel_context.get_value(_SESSION_KEY, context)
    handed = handed if isinstance(handed, Session) else None
    return session_var.get() or handed or session_from_baggage(context)


def current_place(context: Context | None = None) -> Place:
    """The workflow and activity that the code runs in."""
    handed = otel_context.get_value(_PLACE_KEY, context)
    return place_var.get() or (cast(Place, handed) if isinstance(handed, Mapping) else {})


def session_to_context(session: Session | None) -> Context:
    """The current context with this session and the current place in it."""
    context = otel_context.set_value(_PLACE_KEY, current_place())
    return otel_context.set_value(_SESSION_KEY, session, context)


def session_from_baggage(context: Context | None = None) -> Session | None:
    """The session in the baggage of an OpenTelemetry context, by default the current one."""
    entries = {name: str(value) for name, value in baggage.get_all(context).items()}
    session_id = entries.get(SESSION_BAGGAGE)
    if not session_id:
        return None
    metadata: dict[str, object] = {
        name.removeprefix(METADATA_BAGGAGE): value
        for name, value in entries.items()
        if name.startswith(METADATA_BAGGAGE)
    }
    return Session(
        session_id=session_id,
        user_id=entries.get(USER_BAGGAGE),
        project=entries.get(PROJECT_BAGGAGE),
        metadata=metadata,
    )


def session_to_baggage(session: Session, context: Context) -> Context:
    """A context whose baggage names this session and nothing of an enclosing one."""
    for name in baggage.get_all(context):
        if name in (SESSION_BAGGAGE, USER_BAGGAGE, PROJECT_BAGGAGE) or name.startswith(
            METADATA_BAGGAGE
        ):
            context = baggage.remove_baggage(name, context)
    entries = {
        SESSION_BAGGAGE: session.session_id,
        USER_BAGGAGE: session.user_id,
        PROJECT_BAGGAGE: session.project,
        **{f"{METADATA_BAGGAGE}{name}": text(value) for name, value in session.metadata.items()},
    }
    for name, value in entries.items():
        if value is not None:
            context = baggage.set_baggage(name, value, context)
    return context


def get_session_id() -> str | None:
    """The session id of the running code, or None."""
    session = current_session()
    return session.session_id if session else None


def get_user_id() -> str | None:
    """The user id of the running code, or None."""
    session = current_session()
    return session.user_id if session else None


def get_agent_name() -> str | None:
    """The name of the agent that is running, or None."""
    session = current_session()
    return session.agent if session else None


def get_metadata_kwargs() -> dict[str, object]:
    """What `agentic_session` was given beside its ids."""
    session = current_session()
    return dict(session.metadata) if session else {}


def get_trace_id() -> str | None:
    """The trace id of the current span in hexadecimal, or None."""
    span_context = trace.get_current_span().get_span_context()
    return format(span_context.trace_id, "032x") if span_context.is_valid else None
