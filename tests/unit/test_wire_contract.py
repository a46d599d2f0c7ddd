"""The vectors of the wire contract hold for the plugin that writes and the sidecar that reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from kelet_temporal import names
from kelet_temporal.headers import read_session, read_session_text, with_session, with_session_text
from kelet_temporal.session import Session, session_from_baggage, session_to_baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from temporalio.api.common.v1 import Payload

from exporter.baggage import request_project
from exporter.decode import SESSION_KEYS
from exporter.signal_body import FIELDS, read_signal
from pipeline.errors import BadRequest
from pipeline.model.signal import SignalKind, SignalSource

_DOCS = Path(__file__).parents[2] / "docs"
_PAGE = (_DOCS / "wire-contract.md").read_text()
Vector = dict[str, Any]


def _vectors(name: str) -> list[Any]:
    vectors: list[Vector] = json.loads((_DOCS / "wire-contract" / f"{name}.json").read_text())
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


def _session(vector: Vector) -> Session | None:
    return None if vector["session"] is None else Session(**vector["session"])


@pytest.mark.parametrize("vector", _vectors("headers"))
def test_temporal_headers(vector: Vector) -> None:
    encoding = vector.get("encoding", "json/plain").encode()
    payloads = {
        name: Payload(metadata={"encoding": encoding}, data=text.encode())
        for name, text in vector["payloads"].items()
    }
    session = _session(vector)
    assert read_session(payloads) == session
    if vector.get("read_only"):
        return
    assert dict(with_session({}, session)) == payloads
    assert with_session_text(None, session) == vector["text"]
    assert read_session_text(vector["text"]) == session


@pytest.mark.parametrize("vector", _vectors("baggage"))
def test_baggage(vector: Vector) -> None:
    propagator, session = W3CBaggagePropagator(), _session(vector)
    context = propagator.extract({"baggage": vector["baggage"]}, Context())
    assert session_from_baggage(context) == session
    assert request_project([("baggage", vector["baggage"])], "default") == vector["request_project"]
    if session:
        carrier: dict[str, str] = {}
        propagator.inject(carrier, session_to_baggage(session, Context()))
        again = propagator.extract(carrier, Context())
        assert session_from_baggage(again) == session


@pytest.mark.parametrize("vector", _vectors("signals"))
def test_signals(vector: Vector) -> None:
    body = json.dumps(vector["body"]).encode()
    if not vector["accepted"]:
        with pytest.raises(BadRequest):
            read_signal("shop", body)
        return
    read = read_signal("shop", body)
    assert read.n_unknown_fields == vector.get("ignored_fields", 0)
    first, again = (read_signal("shop", body, "key").signal.identity for _ in range(2))
    assert first == again


def test_the_page_names_what_the_code_names() -> None:
    told = set(re.findall(r"`([^`\n]+)`", _PAGE))
    words = {value for name, value in vars(names).items() if name.isupper()}
    prefixes = {names.METADATA_ATTRIBUTE, names.METADATA_BAGGAGE}
    assert words - prefixes - {names.SIGNAL_ACTIVITY} <= told
    assert {f"{prefix}<key>" for prefix in prefixes} <= told
    assert FIELDS | set(SignalKind) | set(SignalSource) <= told
    order = [_PAGE.rindex(f"`{key}`") for key in SESSION_KEYS]
    assert order == sorted(order)
