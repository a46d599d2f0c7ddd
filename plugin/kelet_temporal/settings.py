"""What `configure` was told, kept once a process.

In: arguments and environment. Out: `Settings`, `resolve_settings`, `current_settings`.
Next: `configuration` builds the exporter from them, `signals` the address of a signal.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

DEFAULT_BASE_URL = "http://localhost:4318"
DEFAULT_PROJECT = "default"

SignalFailureMode = Literal["swallow", "raise"]


@dataclass(frozen=True)
class Settings:
    """Where spans and signals go, and in whose name."""

    api_key: str | None
    project: str
    base_url: str
    otlp_endpoint: str | None = None
    signal_failure_mode: SignalFailureMode = "swallow"


_current: Settings | None = None


def resolve_settings(
    *,
    api_key: str | None,
    project: str | None,
    base_url: str | None,
    otlp_endpoint: str | None,
    signal_failure_mode: SignalFailureMode = "swallow",
) -> Settings:
    """Arguments first, then the environment; raises ValueError for an address that is none."""
    endpoint = otlp_endpoint or os.environ.get("KELET_OTLP_ENDPOINT") or None
    return Settings(
        api_key=api_key or os.environ.get("KELET_API_KEY") or None,
        project=project or os.environ.get("KELET_PROJECT") or DEFAULT_PROJECT,
        base_url=_address(base_url or os.environ.get("KELET_API_URL") or DEFAULT_BASE_URL),
        otlp_endpoint=_address(endpoint) if endpoint else None,
        signal_failure_mode=signal_failure_mode,
    )


def current_settings() -> Settings | None:
    """The settings in force, or None while nothing was configured."""
    return _current


def set_settings(settings: Settings | None) -> None:
    """Put settings in force."""
    global _current
    _current = settings


def _address(raw: str) -> str:
    url = raw.strip().rstrip("/").removesuffix("/api")
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address must start with http:// or https://")
    return url
