"""What `configure` was told, kept once a process.

In: arguments and environment. Out: `Settings`, `resolve_settings`, `current_settings`.
Next: `configuration` builds the exporter from them, `signals` the address of a signal.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from typing import Literal

logger = logging.getLogger("kelet_temporal")

DEFAULT_BASE_URL = "http://localhost:4318"
DEFAULT_PROJECT = "default"

SignalFailureMode = Literal["swallow", "raise"]


@dataclass(frozen=True)
class Settings:
    """Where spans and signals go, and in whose name."""

    api_key: str | None = field(repr=False)
    project: str
    base_url: str
    otlp_endpoint: str | None = None
    signal_failure_mode: SignalFailureMode = "swallow"


_current: Settings | None = None
_told = False


def resolve_settings(
    *,
    api_key: str | None = None,
    project: str | None = None,
    base_url: str | None = None,
    otlp_endpoint: str | None = None,
    signal_failure_mode: SignalFailureMode = "swallow",
) -> Settings:
    """Arguments first, then the environment; raises ValueError for an address that is none."""
    endpoint = _given(otlp_endpoint, "KELET_OTLP_ENDPOINT")
    url = _given(base_url, "KELET_API_URL") or DEFAULT_BASE_URL
    return Settings(
        api_key=_given(api_key, "KELET_API_KEY"),
        project=_given(project, "KELET_PROJECT") or DEFAULT_PROJECT,
        base_url=_address(url, "base_url (KELET_API_URL)"),
        otlp_endpoint=_address(endpoint, "otlp_endpoint (KELET_OTLP_ENDPOINT)")
        if endpoint
        else None,
        signal_failure_mode=signal_failure_mode,
    )


def require_key(settings: Settings) -> None:
    """Raises ValueError where there is no key and none is needed by a Collector either."""
    if not settings.api_key and not settings.otlp_endpoint:
        raise ValueError("a key is required: pass api_key or set KELET_API_KEY")


def current_settings() -> Settings | None:
    """The settings in force, or None while nothing was configured."""
    return _current


def signal_settings() -> Settings | None:
    """Those in force, else those of the environment; None, said once, where they will not do."""
    global _told
    if _current is not None:
        return _current
    try:
        settings = resolve_settings()
        require_key(settings)
    except ValueError as error:
        if not _told:
            _told = True
            logger.warning("no signals are sent: %s", error)
        return None
    return settings


def set_settings(settings: Settings | None) -> None:
    """Put settings in force."""
    global _current
    _current = settings


def _given(argument: str | None, variable: str) -> str | None:
    """What stands around a key that was read from a file would be refused in a header."""
    return (argument or os.environ.get(variable) or "").strip() or None


def _address(raw: str, name: str) -> str:
    url = raw.rstrip("/").removesuffix("/api")
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{name} must start with http:// or https://")
    return url
