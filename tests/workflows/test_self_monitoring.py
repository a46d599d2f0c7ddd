"""The worker reports its own workflows to its own receiver, and that comes to an end."""

import json
import time
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from pipeline.temporal.ids import SELF_PROJECT
from tests.sidecar_process import SidecarProcess
from tests.unit.otlp import request
from tests.workflows.walk import conversation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

N_SESSIONS = 24
N_LOSSY = 8
PROJECT = "shop"
STILL = 12.0
"""Several debounce windows, aggregation windows and export intervals of this test."""


@pytest.fixture
def sidecar(tmp_path: Path) -> Generator[SidecarProcess]:
    process = SidecarProcess(tmp_path / "data", debounce="1s", quiet="1s")
    process.env |= {"KELET_SELF_MONITORING": "true", "OTEL_BSP_SCHEDULE_DELAY": "500"}
    process.start()
    try:
        yield process
    finally:
        if process.running():
            process.stop()


def send(sidecar: SidecarProcess) -> None:
    """Conversations of two agents, some of which lose what they were told, and a label for each."""
    with grpc.insecure_channel(sidecar.endpoint) as channel:
        export: Any = TraceServiceStub(channel).Export
        for index in range(N_SESSIONS):
            spans = conversation(index, lossy=index < N_LOSSY)
            export(request(*spans, kelet__project=PROJECT), timeout=30)
    for index in range(N_SESSIONS):
        label = {"session_id": f"s{index:04d}", "kind": "metric", "source": "label"}
        body = json.dumps({**label, "score": float(index >= N_LOSSY)}).encode()
        url = f"http://127.0.0.1:{sidecar.http_port}/api/projects/{PROJECT}/signal"
        with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
            assert answer.status == 202


def received(sidecar: SidecarProcess) -> int:
    said = sidecar.cli("coverage", "--project", SELF_PROJECT, "--format", "json")
    return int(json.loads(said)["received"])


def test_the_number_of_sessions_settles(sidecar: SidecarProcess) -> None:
    send(sidecar)
    sidecar.cli("wait", "--project", PROJECT, "--timeout", "90s")
    settled, since = -1, time.monotonic()
    deadline = since + 120
    while time.monotonic() - since < STILL:
        assert time.monotonic() < deadline, "the number of sessions does not settle"
        time.sleep(0.5)
        if (now := received(sidecar)) != settled:
            settled, since = now, time.monotonic()
    # They were analysed as well, and that made no more of them.
    sidecar.cli("wait", "--project", SELF_PROJECT, "--timeout", "60s")
    assert received(sidecar) == settled
    listed = sidecar.cli(
        *("sessions", "list", "--project", SELF_PROJECT, "--limit", "500", "--format", "json")
    )
    ids = [str(session["session_id"]) for session in json.loads(listed)]
    assert len(ids) == settled
    kinds = {session_id.split("/")[0] for session_id in ids}
    assert kinds == {"session", "agent"}
    assert all(session_id.split("/")[1] == PROJECT for session_id in ids), ids
    analysed = {session_id.split("@")[0] for session_id in ids if session_id.startswith("session/")}
    assert len(analysed) == N_SESSIONS

    one = next(session_id for session_id in ids if session_id.startswith("session/"))
    shown = json.loads(
        sidecar.cli("sessions", "show", one, "--project", SELF_PROJECT, "--format", "json")
    )
    steps = {step["step"] for step in shown["steps"]}
    stages = ("enrich_session", "merge_session", "interrogate_session", "commit_session")
    assert {f"activity:{stage}" for stage in stages} <= steps
