"""A canary in every field of everything that can be sent shows nowhere but in the store.

In: a real `dev` at its most talkative. Out: logs, metrics, health, answers, and every history in Temporal,
searched for it.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from tests.sidecar_process import SidecarProcess, free_port
from tests.unit.otlp import attributes, request, span
from tests.unit.test_redact import everywhere
from tests.workflows.payloads import payloads_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CANARY = "canary7c1e"
AGENT = "agentcanary7c1e"
"""Agents are a part of workflow ids; of metrics they are not."""

PROTOBUF, JSON = {"content-type": "application/x-protobuf"}, {"content-type": "application/json"}


def conversation() -> bytes:
    """A trace with the canary everywhere, in content that the analysis reads, and in its session's id."""
    message = everywhere(CANARY)
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"{CANARY} no!"}]}])
    values: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.agent.name": AGENT,
        "gen_ai.conversation.id": f"session-{CANARY}",
        "user.id": CANARY,
        f"metadata.{CANARY}": CANARY,
        "gen_ai.input.messages": said,
        "gen_ai.output.messages": said,
        "gen_ai.request.model": CANARY,
        "gen_ai.tool.name": CANARY,
        "error.type": CANARY,
    }
    chat = span(7)
    chat.attributes.extend(attributes(values))
    chat.status.code, chat.status.message = chat.status.STATUS_CODE_ERROR, CANARY
    message.resource_spans[0].scope_spans[0].spans.append(chat)
    return message.SerializeToString()


def signal(**changes: object) -> dict[str, object]:
    fields = {"kind": "feedback", "source": "human", "score": 0, "session_id": f"session-{CANARY}"}
    return (
        fields | {"value": CANARY, "metadata": {CANARY: CANARY}, "trigger_name": CANARY} | changes
    )


async def provoke(url: str) -> str:
    """Everything good and bad that holds the canary; what was answered."""
    body = conversation()
    long = request(span(8, text=CANARY * 500_000)).SerializeToString()
    nameless = request(span(9, session__id=f"{CANARY}\0")).SerializeToString()
    broken = body.replace(CANARY.encode(), b"can\xff\xfe7c1e" + CANARY.encode()[9:], 1)
    as_json = {"resourceSpans": [{CANARY: 1, "scopeSpans": [{"spans": [{"traceId": CANARY}]}]}]}
    signals = f"/api/projects/{CANARY}/signal"
    sent: list[tuple[str, bytes, dict[str, str]]] = [
        ("/v1/traces", body, PROTOBUF),
        ("/v1/traces", broken, PROTOBUF),
        ("/v1/traces", long, PROTOBUF),
        ("/v1/traces", nameless, PROTOBUF),
        ("/v1/traces", body[:-5], PROTOBUF),
        ("/v1/traces", body, JSON),
        ("/v1/traces", json.dumps(as_json).encode(), JSON),
        ("/v1/traces", body, PROTOBUF | {"baggage": f"kelet.project={CANARY}%00"}),
        ("/v1/traces", body, PROTOBUF | {"content-encoding": "gzip"}),
        ("/v1/traces", body, {"content-type": CANARY}),
        ("/v1/logs", body, PROTOBUF),
        ("/v1/metrics", body, PROTOBUF),
        (f"/{CANARY}", body, PROTOBUF),
        ("/api/projects/default/signal", json.dumps(signal()).encode(), JSON),
    ]
    wrong = ({"kind": CANARY}, {"score": CANARY}, {"session_id": [CANARY]}, {"trace_id": CANARY})
    sent += [(signals, json.dumps(signal(**change)).encode(), JSON) for change in wrong]
    answers: list[str] = []
    async with httpx.AsyncClient(base_url=url) as client:
        for path, content, headers in sent:
            answer = await client.post(path, content=content, headers=headers)
            answers.append(f"{answer.status_code} {answer.text}")
        answers += [(await client.get(path)).text for path in ("/metrics", "/healthz")]
    return "\n".join(answers)


async def histories(address: str) -> str:
    """Everything that Temporal remembers, decoded as far as it is JSON."""
    client = await Client.connect(address)
    told: list[str] = []
    async for execution in client.list_workflows():
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        history = await handle.fetch_history()
        told += [execution.id, history.to_json()]
        told += [payload.data.decode(errors="replace") for payload in payloads_of(history)]
    return "\n".join(told)


async def test_a_canary_in_every_field_is_in_the_store_only(tmp_path: Path) -> None:
    sidecar = SidecarProcess(tmp_path / "data", debounce="1s", quiet="1s")
    port = free_port()
    sidecar.env |= {"KELET_LOG_LEVEL": "debug", "KELET_LOG_FORMAT": "json"}
    sidecar.env["KELET_WORKER_METRICS_PORT"] = str(port)
    await asyncio.to_thread(sidecar.start)
    try:
        answers = await provoke(f"http://127.0.0.1:{sidecar.http_port}")
        await asyncio.to_thread(sidecar.cli, "wait", "--project", "default", "--timeout", "60s")
        async with httpx.AsyncClient() as client:
            worker = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            metrics = (await client.get(f"http://127.0.0.1:{sidecar.http_port}/metrics")).text
        remembered = await histories(f"127.0.0.1:{sidecar.temporal_port}")
        sessions = await asyncio.to_thread(sidecar.cli, "sessions", "list", "--format", "json")
    finally:
        await asyncio.to_thread(sidecar.stop)
    assert CANARY in sessions, "the test must send what it looks for"
    assert answers.startswith("200")
    assert remembered.count("session/") > 1
    assert AGENT in remembered
    remembered = remembered.replace(AGENT, "")
    logs = sidecar.log.read_text() + (sidecar.data_dir / "temporal.log").read_text(errors="replace")
    assert '"level": "DEBUG"' in logs
    assert "temporal_workflow_completed_total" in worker
    assert "kelet_spans_total" in metrics
    assert AGENT not in worker + metrics
    told = {
        "answers": answers,
        "logs": logs.replace(AGENT, ""),
        "temporal": remembered,
        "worker": worker,
    }
    shown = {name: _around(text) for name, text in told.items() if CANARY in text}
    assert not shown


def _around(text: str) -> list[str]:
    places = [at for at in range(len(text)) if text.startswith(CANARY, at)]
    return [text[max(0, at - 150) : at + 60] for at in places[:5]]
