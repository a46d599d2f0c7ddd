"""Put the session, and the place in Temporal, on every span at its start.

In: the context variables of `session`. Out: `SessionStamper`, a span processor, and `stamp_span`
for a span that had begun before its session was known. Next: the wrapped processor exports.
"""

from __future__ import annotations

from collections.abc import Mapping
from weakref import ReferenceType, ref

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Span as AnySpan
from opentelemetry.util.types import AttributeValue

from kelet_temporal.names import (
    AGENT_ATTRIBUTE,
    DEPTH_ATTRIBUTE,
    METADATA_ATTRIBUTE,
    PROJECT_ATTRIBUTE,
    SESSION_ATTRIBUTE,
    USER_ATTRIBUTE,
)
from kelet_temporal.plain import json_text, text
from kelet_temporal.session import MAX_DEPTH, Session, current_place, current_session
from kelet_temporal.settings import current_settings

# OTLP has no greater whole numbers.
_GREATEST = 2**63 - 1

_added: list[tuple[ReferenceType[trace.TracerProvider], list[SpanProcessor | None]]] = []


class SessionStamper(SpanProcessor):
    """Stamps each span when it starts and hands it to the wrapped processor, if there is one.

    A span of an analysis that nobody is to analyse goes no further, with `sessions_only` neither
    does one that belongs to no session.
    """

    def __init__(
        self, wrapped: SpanProcessor | None = None, *, sessions_only: bool = False
    ) -> None:
        self._wrapped = wrapped
        self._sessions_only = sessions_only

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        attributes = session_attributes(current_session(parent_context))
        settings = current_settings()
        if settings and PROJECT_ATTRIBUTE not in attributes:
            attributes[PROJECT_ATTRIBUTE] = settings.project
        _keep_agent(span, attributes)
        span.set_attributes({**attributes, **current_place(parent_context)})
        if self._wrapped is not None:
            self._wrapped.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        if self._wrapped is not None and self._wanted(span.attributes or {}):
            self._wrapped.on_end(span)

    def shutdown(self) -> None:
        if self._wrapped is not None:
            self._wrapped.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._wrapped is None or self._wrapped.force_flush(timeout_millis)

    def _wanted(self, attributes: Mapping[str, AttributeValue]) -> bool:
        depth = attributes.get(DEPTH_ATTRIBUTE, 0)
        if isinstance(depth, int) and depth > MAX_DEPTH:
            return False
        return SESSION_ATTRIBUTE in attributes or not self._sessions_only


def stamp_span(span: AnySpan, session: Session | None) -> None:
    """Stamp a span that began before the session was known, such as the one of a web request."""
    if span.is_recording():
        attributes = session_attributes(session)
        _keep_agent(span, attributes)
        span.set_attributes({**attributes, **current_place()})


def session_attributes(session: Session | None) -> dict[str, AttributeValue]:
    """The span attributes of a session."""
    if session is None:
        return {}
    fixed = {
        SESSION_ATTRIBUTE: session.session_id,
        USER_ATTRIBUTE: session.user_id,
        PROJECT_ATTRIBUTE: session.project,
        AGENT_ATTRIBUTE: session.agent,
        DEPTH_ATTRIBUTE: session.depth or None,
    }
    metadata = {f"{METADATA_ATTRIBUTE}{k}": _attribute(v) for k, v in session.metadata.items()}
    return {**{name: v for name, v in fixed.items() if v is not None}, **metadata}


def add_processor(
    provider: trace.TracerProvider,
    wrapped: SpanProcessor | None = None,
    *,
    sessions_only: bool = False,
) -> bool:
    """Stamp the spans of a provider, once for each processor; False when it takes none."""
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        return False
    added = _added_to(provider)
    if wrapped not in added if wrapped else not added:
        added.append(wrapped)
        add(SessionStamper(wrapped, sessions_only=sessions_only))
    return True


def _added_to(provider: trace.TracerProvider) -> list[SpanProcessor | None]:
    """What was added so far; by identity, for a provider such as Logfire's has no hash."""
    for known, added in _added:
        if known() is provider:
            return added
    _added.append((ref(provider), []))
    return _added[-1][1]


def _keep_agent(span: AnySpan, attributes: dict[str, AttributeValue]) -> None:
    """An instrumentation that names an agent knows better."""
    if AGENT_ATTRIBUTE in (getattr(span, "attributes", None) or {}):
        attributes.pop(AGENT_ATTRIBUTE, None)


def _attribute(value: object) -> AttributeValue:
    if isinstance(value, str):
        return text(value) or ""
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _GREATEST else json_text(value)
    return json_text(value)
