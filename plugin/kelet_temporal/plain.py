"""Pure: text and JSON of whatever an application calls its sessions, users and metadata.

In: any value. Out: `text`, `json_text` and `json_object`, which never raise: telemetry that fails
would fail the caller's work. Next: `headers`, `stamper` and `session` write what comes out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def text(value: object) -> str | None:
    """A value as text that every encoder takes; None for what is empty."""
    return _clean(_told(value)) or None if value is not None else None


def json_text(value: object) -> str:
    """A value as ASCII JSON, at worst the JSON of its text."""
    try:
        return _dumps(value)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(_told(value))


def json_object(values: Mapping[str, object]) -> str:
    """The same for an object, of which each value counts for itself."""
    try:
        return _dumps(dict(values))
    except (TypeError, ValueError, RecursionError):
        members = (f"{json.dumps(name)}:{json_text(value)}" for name, value in values.items())
        return f"{{{','.join(members)}}}"


def _dumps(value: Any) -> str:
    """As Temporal's default converter writes it; other languages read no NaN."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, default=_told, allow_nan=False)


def _told(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def _clean(told: str) -> str:
    """Half a surrogate pair is no text on the wire."""
    return told.encode("utf-8", "backslashreplace").decode()
