"""Interrogation by a model, with a real server and a real worker: what is true is found, no lie is."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from pipeline.model.cluster import GateState
from tests.llm.openai_server import serving
from tests.workflows.clerk import N_SESSIONS, SECRET, feed, wrong
from tests.workflows.replaying import (
    TRUTHFUL,
    history_of_interrogation,
    replay_interrogation,
)
from tests.workflows.test_explain_faults import end, until
from tests.workflows.test_walk import walk, working
from tests.workflows.walk import Walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LYING = "scripted:tests.llm.questioned:lying"


async def test_a_true_hypothesis_becomes_a_finding(client: Client, tmp_path: Path) -> None:
    async with working(client, tmp_path, model=TRUTHFUL, model_sessions_a_day=4) as one:
        await feed(one)
        await one.settle(200)
        found = [f for f in one.store.list_findings(one.project)[0] if f.blamed_agent]
        proposed = [c for c in one.store.list_clusters(one.project)[0] if c.proposals]
        asked = [s for s in range(N_SESSIONS) if _proposals(one, s)]
        history = await history_of_interrogation(client, one)
        await replay_interrogation(one.store, history)
    assert found, [(c.label, c.gate, c.reason) for c in proposed]
    assert {f.blamed_agent for f in found} == {"clerk"}
    assert all((f.feature or "").startswith("rule:") for f in found)
    assert "does not call the tool" in found[0].root_cause
    assert found[0].healthy.k == 0 < found[0].failing.k
    assert {c.gate for c in proposed} == {GateState.OPEN}
    assert all(p.evidence[0].verified for c in proposed for p in c.proposals)
    assert 0 < len(asked) <= 4
    assert all(wrong(s) for s in asked)
    text = history.to_json()
    assert SECRET not in text
    assert "see to it" not in text


async def test_lies_change_nothing(client: Client, tmp_path: Path) -> None:
    exports: list[list[str]] = []
    for name, settings in (("plain", {}), ("lying", {"model": LYING})):
        async with working(client, tmp_path / name, **settings) as one:
            await feed(one)
            await one.settle(200)
            exports.append([line for line in one.export() if '"suggested_by"' not in line])
            proposed = [c for c in one.store.list_clusters(one.project)[0] if c.proposals]
            kept = one.store.proposals(one.project, "clerk")
    assert exports[0] == exports[1]
    assert all(c.gate is GateState.BELOW_GATE for c in proposed)
    assert {c.trait for p in kept for c in p.rule.conditions} == {"run.tool=note"}, "all else fell"


async def test_a_killed_worker_pays_no_answer_twice(client: Client, tmp_path: Path) -> None:
    with serving() as server:
        async with walk(client, tmp_path, model="openai:scripted", model_url=server.url) as one:
            model = {"KELET_MODEL": "openai:scripted", "KELET_MODEL_URL": server.url}
            worker = one.worker(**model)
            try:
                server.hold_after(1)
                await feed(one)
                await until(lambda: server.n_held > 0 and one.n_kept_answers() == server.n_passed)
            finally:
                await asyncio.to_thread(end, worker)
            server.release()
            worker = one.worker(**model)
            try:
                await one.settle(200)
            finally:
                await asyncio.to_thread(end, worker)
            found = [f for f in one.store.list_findings(one.project)[0] if f.blamed_agent]
    assert {f.blamed_agent for f in found} == {"clerk"}
    repeated = sum(n - 1 for n in server.asked.values())
    assert 0 < repeated <= server.n_held, "only what was in flight is asked again"
    assert server.n_answered <= len(server.asked) + server.n_held


def _proposals(one: Walk, index: int) -> tuple[Any, ...]:
    detail = one.store.get_session(one.project, f"c{index:04d}")
    assert detail is not None
    return detail.proposals
