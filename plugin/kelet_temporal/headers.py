"""Pure: a `Session` to and from Temporal headers (payloads) and Nexus headers (text).

In: `session.Session`. Out: `with_session`, `read_session` and their text twins.
What cannot be read is taken as absent: telemetry never fails the caller's work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from temporalio.api.common.v1 import Payload

from kelet_temporal.names import (
    AGENT_HEADER,
    DEPTH_HEADER,
    METADATA_HEADER,
    PROJECT_HEADER,
    SESSION_HEADER,
    USER_HEADER,
)
from kelet_temporal.plain import json_object, json_text, text
from kelet_temporal.session import Session

HEADERS = (
    SESSION_HEADER,
    USER_HEADER,
    METADATA_HEADER,
    PROJECT_HEADER,
    AGENT_HEADER,
    DEPTH_HEADER,
)
_ENCODING = b"json/plain"


def with_session(headers: Mapping[str, Payload], session: Session | None) -> Mapping[str, Payload]:
    """The headers with this session added, unless they carry one already."""
    if session is None or any(name in headers for name in HEADERS):
        return headers
    payloads = {
        name: Payload(metadata={"encoding": _ENCODING}, data=text.encode())
        for name, text in _texts(session).items()
    }
    return {**headers, **payloads}


def read_session(headers: Mapping[str, Payload]) -> Session | None:
    """The session in Temporal headers, or None."""
    return _session(
        {
            name: headers[name].data
            for name in HEADERS
            if name in headers and headers[name].metadata.get("encoding") == _ENCODING
        }
    )


def with_session_text(
    headers: Mapping[str, str] | None, session: Session | None
) -> Mapping[str, str] | None:
    """The same for the text headers of Nexus."""
    given = {name.lower() for name in headers or ()}
    if session is None or any(name in given for name in HEADERS):
        return headers
    return {**(headers or {}), **_texts(session)}


def read_session_text(headers: Mapping[str, str]) -> Session | None:
    """The session in Nexus headers, whose names know no case."""
    given = {name.lower(): value for name, value in headers.items()}
    return _session({name: given[name].encode() for name in HEADERS if name in given})


def _texts(session: Session) -> dict[str, str]:
    """Header name -> ASCII JSON, written as Temporal's default converter writes it."""
    values: dict[str, object] = {
        SESSION_HEADER: session.session_id,
        USER_HEADER: session.user_id,
        METADATA_HEADER: dict(session.metadata) or None,
        PROJECT_HEADER: session.project,
        AGENT_HEADER: session.agent,
        DEPTH_HEADER: session.depth or None,
    }
    return {
        name: json_object(cast("dict[str, object]", value))
        if isinstance(value, dict)
        else json_text(value)
        for name, value in values.items()
        if value is not None
    }


def _session(raw: Mapping[str, bytes]) -> Session | None:
    values = {name: _json(data) for name, data in raw.items()}
    metadata = values.get(METADATA_HEADER)
    session = Session(
        session_id=_text(values.get(SESSION_HEADER)),
        user_id=_text(values.get(USER_HEADER)),
        project=_text(values.get(PROJECT_HEADER)),
        agent=_text(values.get(AGENT_HEADER)),
        metadata=cast("dict[str, object]", metadata) if isinstance(metadata, dict) else {},
        depth=_depth(values.get(DEPTH_HEADER)),
    )
    return None if session == Session() else session


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _depth(value: object) -> int:
    return value if type(value) is int and value > 0 else 0


def _text(value: object) -> str | None:
    return text(value) if isinstance(value, str) else None
