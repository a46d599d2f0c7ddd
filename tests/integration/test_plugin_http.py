"""Our plugin over HTTP into the sidecar, alone and beside the original SDK: one session in the store."""

import asyncio
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.integration.edge import running
from tests.workflows.conftest import temporal_server

pytestmark = pytest.mark.slow

APP = Path(__file__).with_name("interop_app.py")


@pytest.fixture
def temporal(tmp_path: Path) -> Generator[str]:
    with temporal_server(tmp_path / "temporal.log") as address:
        yield address


async def start(role: str, sdk: str, *where: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    environment = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return await asyncio.create_subprocess_exec(
        sys.executable, str(APP), role, sdk, *where, stdin=pipe, stderr=pipe, env=environment
    )


async def end(process: asyncio.subprocess.Process) -> None:
    try:
        # Not without input: its stdin would stay open.
        _, told = await asyncio.wait_for(process.communicate(b""), 60)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, told.decode()


@pytest.mark.parametrize(
    ("client", "worker"), [("ours", "ours"), ("original", "ours"), ("ours", "original")]
)
async def test_one_session_in_the_sidecar(
    temporal: str, tmp_path: Path, client: str, worker: str
) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge:
            where = (temporal, f"http://127.0.0.1:{edge.http_port}")
            working = await start("worker", worker, *where)
            try:
                await end(await start("client", client, *where))
            finally:
                await end(working)
            assert edge.metrics["requests_refused"] == 0
        chat = SessionKey.of("shop", "chat-1")
        spans = {span.name: span.attributes for span in store.load_spans(chat).spans}
        assert spans.keys() >= {"ask", "think"}
        for attributes in spans.values():
            assert attributes["gen_ai.conversation.id"] == "chat-1"
            assert attributes["user.id"] == "u-1"
            assert attributes["metadata.plan"] == "free"
        assert spans["think"]["gen_ai.agent.name"] == "planner"
        if worker == "ours":
            assert spans["think"]["temporal.activity_type"] == "think"
            assert spans["think"]["temporalWorkflowID"] == "talk"
        told = {signal.trigger_name for signal in store.load_signals(chat)}
        assert told == {"from the client", "from the worker"}
        assert store.coverage("shop").received == 1
