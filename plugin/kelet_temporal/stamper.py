"""Put the session, and the place in Temporal, on every span at its start.

In: the context variables of `session`. Out: `SessionStamper`, a span processor, and `stamp_span`
for a span that had begun before its session was known. Next: the wrapped processor exports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from weakref import WeakSet

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
from kelet_temporal.session import MAX_DEPTH, Session, current_session, place_var
from kelet_temporal.settings import current_settings

_stamped: WeakSet[trace.TracerProvider] = WeakSet()


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
        if span.attributes and AGENT_ATTRIBUTE in span.attributes:
            attributes.pop(AGENT_ATTRIBUTE, None)
        span.set_attributes({**attributes, **(place_var.get() or {})})
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
        span.set_attributes({**session_attributes(session), **(place_var.get() or {})})


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
    """Stamp the spans of a provider; False when it takes no processors."""
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        return False
    if wrapped is not None or provider not in _stamped:
        _stamped.add(provider)
        add(SessionStamper(wrapped, sessions_only=sessions_only))
    return True


def _attribute(value: object) -> AttributeValue:
    if isinstance(value, str | bool | int | float):
        return value
    return json.dumps(value, default=str, sort_keys=True)
