"""Redaction through every door of a real edge: no byte of the secret reaches the disk, and it is counted."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from exporter.redact_rules import FAMILIES, RedactSettings
from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.integration.edge import export, running
from tests.unit.otlp import TRACE, attributes, request, span
from tests.unit.redact_corpus import AWS, JWT

pytestmark = pytest.mark.slow

PROJECT = "default"


def files_with(folder: Path, text: str) -> list[str]:
    """Files that hold the text as it is; the store writes bodies so, or in pages of SQLite."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if text.encode() in path.read_bytes()]


def log_request() -> ExportLogsServiceRequest:
    """A thought of an agent, as the Kelet SDK logs it."""
    message = ExportLogsServiceRequest()
    record = message.resource_logs.add().scope_logs.add().log_records.add()
    record.event_name = "kelet.reasoning"
    record.time_unix_nano = 5
    record.body.string_value = "kelet.reasoning"
    values = {"session.id": "logged", "content": f"marker-logged {JWT}", "kelet.reasoning": JWT}
    record.attributes.extend(attributes(dict(values)))
    return message


def in_json(message: ExportTraceServiceRequest) -> dict[str, Any]:
    """OTLP's JSON, in which ids are hexadecimal."""
    document = MessageToDict(message)
    (sent,) = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
    sent |= {"traceId": TRACE, "spanId": "00f067aa0ba902b7"}
    return document


async def test_no_secret_reaches_the_disk(tmp_path: Path) -> None:
    secret_id = f"chat-{AWS}"
    sent = request(span(1, session__id=secret_id, note=f"marker-grpc {AWS} {JWT}"))
    other = request(span(2, session__id="s2", note=f"marker-json {AWS}", db__password="hunter2"))
    signal = {"session_id": secret_id, "kind": "feedback", "source": "human", "score": 0}
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge, httpx.AsyncClient() as client:
            await export(edge, sent.SerializeToString())
            url = f"http://127.0.0.1:{edge.http_port}"
            answer = await client.post(f"{url}/v1/traces", json=in_json(other))
            assert answer.json() == {}
            logs = log_request().SerializeToString()
            headers = {"content-type": "application/x-protobuf"}
            assert (await client.post(f"{url}/v1/logs", content=logs, headers=headers)).is_success
            told = signal | {"value": f"marker-signal {JWT}", "metadata": {"api_key": "a1b2c3d4e5"}}
            answer = await client.post(f"{url}/api/projects/{PROJECT}/signal", json=told)
            assert answer.status_code == 202
            page = (await client.get(f"{url}/metrics")).text
            counted = edge.metrics["redactions"]
        key = SessionKey.of(PROJECT, f"chat-{'[redacted:aws_key:1a5d44a2]'}")
        (stored,) = store.load_spans(key).spans
        signals = store.load_signals(key)
    assert stored.attributes["note"] == "marker-grpc [redacted:aws_key] [redacted:jwt]"
    assert [s.value for s in signals] == ["marker-signal [redacted:jwt]"]
    assert 'kelet_redactions_total{kind="aws_key"}' in page
    assert counted >= 8
    assert files_with(tmp_path, "marker-"), "the search would find what is there"
    for secret in (AWS, JWT, "hunter2", "a1b2c3d4e5"):
        assert not files_with(tmp_path, secret)


async def test_what_is_redacted_can_be_chosen(tmp_path: Path) -> None:
    sent = request(span(1, session__id="s", note=f"bob@example.com has P-123456 and {AWS}"))
    none = RedactSettings(frozenset())
    every = RedactSettings(frozenset(FAMILIES), {"policy": r"P-\d{6}"})
    notes: list[object] = []
    for number, settings in enumerate((none, every)):
        url = f"sqlite:///{tmp_path / f'{number}.sqlite'}"
        with Store.open(url) as store:
            async with running(store, redact=settings) as edge:
                await export(edge, sent.SerializeToString())
            (stored,) = store.load_spans(SessionKey.of(PROJECT, "s")).spans
            notes.append(stored.attributes["note"])
    assert notes == [
        f"bob@example.com has P-123456 and {AWS}",
        "[redacted:email] has [redacted:policy] and [redacted:aws_key]",
    ]


async def test_redelivery_is_known_though_it_was_redacted(tmp_path: Path) -> None:
    body = request(span(1, session__id="s", note=json.dumps({"key": AWS}))).SerializeToString()
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge:
            await export(edge, body)
            await export(edge, body)
            assert edge.metrics["spans_known"] == 1
            assert edge.metrics["spans_with_two_contents"] == 0
