"""kill -9 in the middle of an activity: the next worker goes on in the same session."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import uuid
from pathlib import Path

import kelet_temporal as kelet
import pytest
from conftest import Spans
from kelet_app import Mortal
from temporalio.client import Client

pytestmark = pytest.mark.slow

_WORKER = Path(__file__).with_name("kelet_worker.py")


async def test_one_session_over_kill_9(temporal_server: str, spans: Spans, tmp_path: Path) -> None:
    client = await Client.connect(temporal_server, plugins=[kelet.KeletPlugin()])
    queue, drawn = f"mortal-{uuid.uuid4().hex}", tmp_path / "spans.jsonl"
    command = [sys.executable, str(_WORKER), temporal_server, queue, str(drawn)]
    with kelet.agentic_session(session_id="chat-9", user_id="u-9"):
        handle = await client.start_workflow(
            Mortal.run, str(tmp_path / "flag"), id=queue, task_queue=queue
        )
    first = await asyncio.create_subprocess_exec(*command)
    assert await first.wait() == -signal.SIGKILL
    second = await asyncio.create_subprocess_exec(*command)
    try:
        assert await handle.result() == ["chat-9"] * 4
    finally:
        second.kill()
        await second.wait()
    lines = [json.loads(line) for line in drawn.read_text().splitlines()]
    assert {line["gen_ai.conversation.id"] for line in lines} == {"chat-9"}
    assert {line["user.id"] for line in lines} == {"u-9"}
    died = [line["temporal.attempt"] for line in lines if line["name"] == "app.die-once"]
    assert died == [1, 2]
    assert [line["name"] for line in lines if line["name"] != "app.die-once"] == [
        "app.before",
        "agent thinker",
        "app.after",
        "agent thinker",
    ]
