"""Sessions through the real store, the real stages and a real server; workers that die and sleep."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client

from pipeline.llm.door import close_door
from pipeline.model.session import SessionKey, SessionState
from pipeline.model.signal import VerdictLabel
from pipeline.signals import snapshot
from pipeline.worker.compose import build_worker
from tests.unit.otlp import span
from tests.workflows.walk import Walk, conversation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CANARY = "CANARY-7f3a"


@asynccontextmanager
async def walk(client: Client, data_dir: Path, **settings: object) -> AsyncGenerator[Walk]:
    """A walk without a worker."""
    one = Walk(client, data_dir, **settings)
    try:
        yield one
    finally:
        await asyncio.to_thread(one.store.close)


@asynccontextmanager
async def working(client: Client, data_dir: Path, **settings: object) -> AsyncGenerator[Walk]:
    """A walk with a worker in this process."""
    async with (
        walk(client, data_dir, **settings) as one,
        build_worker(one.store, client, one.config),
    ):
        yield one
    await close_door()


async def test_session_goes_through(client: Client, tmp_path: Path) -> None:
    async with working(client, tmp_path) as one:
        await one.send(conversation(1, lossy=False))
        await one.judge("s0001", good=False)
        await one.settle()
        detail = one.store.get_session(one.project, "s0001")
    assert detail is not None
    assert detail.session.state is SessionState.ANALYSED
    assert detail.session.verdict.label is VerdictLabel.FAILING
    assert detail.session.version == detail.session.analysed_version
    assert detail.session.agents == ("scorer", "summarizer")


async def test_late_spans_and_signals_reopen(client: Client, tmp_path: Path) -> None:
    async with working(client, tmp_path) as one:
        first, last = conversation(1, lossy=True)[:2], conversation(1, lossy=True)[2:]
        await one.send(first)
        await one.settle()
        before = one.store.get_session(one.project, "s0001")
        await one.send(last)
        await one.judge("s0001", good=True)
        await one.settle()
        after = one.store.get_session(one.project, "s0001")
    assert before is not None
    assert after is not None
    assert before.session.agents == ("summarizer",)
    assert after.session.agents == ("scorer", "summarizer")
    assert after.session.version > before.session.version
    assert after.session.verdict.label is VerdictLabel.HEALTHY


async def test_without_agent_steps_it_is_skipped_and_too_large_too(
    client: Client, tmp_path: Path
) -> None:
    async with working(client, tmp_path, max_spans_a_session=4) as one:
        await one.send([span(1, gen_ai__conversation__id="s0001", http__route="/")])
        large = conversation(2, lossy=False)
        extra = conversation(2, lossy=False)[0]
        extra.span_id = b"\7" * 8
        await one.send([*large, extra])
        await one.settle()
        coverage = one.store.coverage(one.project)
    assert coverage.skipped == {"no_agent_steps": 1, "too_large": 1}
    assert coverage.received == 2
    assert (coverage.analysed, coverage.waiting, coverage.failed) == (0, 0, 0)


async def test_defect_fails_one_session_and_harms_none_beside_it(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = snapshot.enrich

    def enrich(steps: object, spans: object) -> object:
        if CANARY in str(spans):
            raise KeyError(CANARY)
        return sound(steps, spans)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshot, "enrich", enrich)
    async with working(client, tmp_path) as one:
        await one.send(conversation(1, lossy=False, text=CANARY))
        await one.send(conversation(2, lossy=False))
        await one.settle()
        coverage = one.store.coverage(one.project)
        failed = one.store.get_session(one.project, "s0001")
    assert (coverage.received, coverage.analysed, coverage.failed) == (2, 1, 1)
    assert failed is not None
    assert failed.session.reason == "internal_KeyError"


async def test_histories_hold_no_trace_text(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A canary in every text, and a defect that quotes it, leave no mark in any history."""

    def refuse(*_: object) -> object:
        raise ValueError(f"cannot read {CANARY}") from RuntimeError(CANARY)

    async with working(client, tmp_path) as one:
        await one.send(conversation(1, lossy=True, text=f" {CANARY} "))
        await one.settle()
        monkeypatch.setattr(snapshot, "enrich", refuse)
        await one.send(conversation(2, lossy=True, text=f" {CANARY} "))
        await one.settle()
        texts = [await _histories(one, index) for index in (1, 2)]
        assert one.store.coverage(one.project).failed == 1
    assert "internal_ValueError" in texts[1]
    assert CANARY not in "".join(texts)


async def _histories(one: Walk, index: int) -> str:
    key = SessionKey.of(one.project, f"s{index:04d}")
    ids = [f"session/{one.project}/{key.digest}"]
    ids += [f"{ids[0]}#{stage}" for stage in ("enrich", "merge", "interrogate")]
    ids += [f"agent/{one.project}/{agent}" for agent in ("summarizer", "scorer")]
    found = ""
    for workflow_id in ids:
        history = await one.client.get_workflow_handle(workflow_id).fetch_history()
        # Payloads are base64 in JSON: look at the protobuf's bytes too.
        found += history.to_json() + "".join(
            event.SerializeToString().decode("latin-1") for event in history.events
        )
    return found


async def test_many_sessions_become_a_finding(client: Client, tmp_path: Path) -> None:
    """Aggregation, gate, investigation: 50 sessions, 25 of them with a summary that loses figures."""
    async with working(client, tmp_path) as one:
        for index in range(50):
            await one.send(conversation(index, lossy=index % 2 == 0))
            await one.judge(f"s{index:04d}", good=index % 2 != 0)
        await one.settle(120)
        findings, _ = one.store.list_findings(one.project)
        coverage = one.store.coverage(one.project)
    assert (coverage.received, coverage.analysed) == (50, 50)
    named = [f for f in findings if f.blamed_agent is not None]
    assert {f.blamed_agent for f in named} == {"summarizer"}, findings
    assert all(e.verified for f in named for e in f.evidence)
    assert any(f.prompt_patch for f in named)


async def test_killed_workers_change_nothing(client: Client, tmp_path: Path) -> None:
    exports: list[list[str]] = []
    for name, n_kills in (("calm", 0), ("killed", 4)):
        async with walk(client, tmp_path / name) as one:
            worker = one.worker()
            try:
                for index in range(30):
                    await one.send(conversation(index, lossy=index % 3 == 0))
                    await one.judge(f"s{index:04d}", good=index % 3 != 0)
                for pause in (2.0, 3.1, 2.3, 3.7)[:n_kills]:
                    await asyncio.sleep(pause)
                    worker.kill()
                    worker.wait()
                    worker = one.worker()
                await one.settle(180)
                exports.append(one.export())
            finally:
                worker.terminate()
                assert worker.wait(30) == 0, one.log()
    assert len(exports[0]) > 100
    assert exports[0] == exports[1]


async def test_worker_that_slept_overwrites_nothing(client: Client, tmp_path: Path) -> None:
    """Stopped in mid-analysis, it wakes up after another one has analysed a newer version."""
    async with walk(client, tmp_path) as one:
        sleeper = one.worker()
        try:
            await one.send(conversation(1, lossy=True)[:2])
            await _until_seen(one, "#enrich")
            await one.put_to_sleep(sleeper.pid)
            other = one.worker()
            await one.send(conversation(1, lossy=True)[2:])
            await one.settle(120)
            settled = one.export()
            os.kill(sleeper.pid, signal.SIGCONT)
            await asyncio.sleep(5)
            assert one.export() == settled
            other.terminate()
            other.wait(30)
        finally:
            sleeper.kill()
            sleeper.wait()


async def _until_seen(one: Walk, suffix: str) -> None:
    key = SessionKey.of(one.project, "s0001")
    handle = one.client.get_workflow_handle(f"session/{one.project}/{key.digest}{suffix}")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            await handle.describe()
        except Exception:
            await asyncio.sleep(0.005)
        else:
            return
    raise AssertionError(one.log())
