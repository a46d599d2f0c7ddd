"""Fixtures over `kelet_stage`."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import kelet_temporal as kelet
import pytest
from kelet_stage import EXPORTER, PROCESSOR, SignalDoor, Spans, dev_server
from kelet_temporal.settings import resolve_settings, set_settings


@pytest.fixture
def door() -> Iterator[SignalDoor]:
    door = SignalDoor()
    yield door
    door.close()


_configured: list[bool] = []


@pytest.fixture
def spans(door: SignalDoor) -> Iterator[Spans]:
    """Our provider over an exporter in memory; the provider of a process is set once."""
    if not _configured:
        kelet.configure(span_processor=PROCESSOR, project="app", base_url=door.url, strict=True)
        _configured.append(True)
    set_settings(
        resolve_settings(api_key="sk-test", project="app", base_url=door.url, otlp_endpoint=None)
    )
    EXPORTER.clear()
    yield Spans()
    set_settings(None)


@pytest.fixture(scope="session")
def temporal_server() -> Generator[str]:
    with dev_server() as address:
        yield address
