"""The edge on the real store: acknowledged means stored, also through kill -9."""

import asyncio
from pathlib import Path

import grpc
import httpx
import pytest

from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.integration.edge import EXPORT, export, running
from tests.integration.edge_process import EdgeProcess
from tests.unit.otlp import request, span

pytestmark = pytest.mark.slow

PROJECT = "default"
N_BATCHES = 400
N_SPANS = 5
ENOUGH = 120
"""Acknowledgements before the kill."""


def trace_of(n: int) -> str:
    return f"{n + 1:032x}"


def batch(n: int) -> bytes:
    spans = [span(k + 1, trace=trace_of(n), session__id=f"s{n}") for k in range(N_SPANS)]
    return request(*spans).SerializeToString()


def n_stored(store: Store, session_id: str) -> int:
    return len(store.load_spans(SessionKey.of(PROJECT, session_id)).spans)


async def send_until_killed(edge: EdgeProcess, kill_after: int | None) -> set[int]:
    """Sends every batch from several callers; which were acknowledged."""
    acked: set[int] = set()
    todo = iter(range(N_BATCHES))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{edge.grpc_port}") as channel:
        call = channel.unary_unary(EXPORT)

        async def sender() -> None:
            for n in todo:
                try:
                    await call(batch(n), timeout=10)
                except grpc.aio.AioRpcError:
                    return
                acked.add(n)
                if kill_after is not None and len(acked) == kill_after:
                    edge.kill()

        await asyncio.gather(*(sender() for _ in range(16)))
    return acked


@pytest.mark.parametrize("kill_after", [1, 37, ENOUGH])
async def test_kill_9_after_the_ack_loses_nothing(tmp_path: Path, kill_after: int) -> None:
    with EdgeProcess(tmp_path) as edge:
        acked = await send_until_killed(edge, kill_after)
        assert kill_after <= len(acked) < N_BATCHES
        with Store.open(f"sqlite:///{edge.database}") as store:
            assert {n: n_stored(store, f"s{n}") for n in acked} == dict.fromkeys(acked, N_SPANS)
        edge.start()
        assert len(await send_until_killed(edge, None)) == N_BATCHES
    with Store.open(f"sqlite:///{edge.database}") as store:
        assert [n_stored(store, f"s{n}") for n in range(N_BATCHES)] == [N_SPANS] * N_BATCHES


async def test_a_late_parent_takes_its_children_home(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge:
            await export(edge, request(span(2, parent=1), span(3, parent=2)).SerializeToString())
            orphaned = SessionKey.of(PROJECT, f"trace:{span(1).trace_id.hex()}")
            assert len(store.load_spans(orphaned).spans) == 2
            late = span(1, session__id="home", kelet__project="shop")
            await export(edge, request(late).SerializeToString())
        home = SessionKey.of("shop", "home")
        assert [s.span_id[-1] for s in store.load_spans(home).spans] == ["1", "2", "3"]
        assert [s.state for s in store.list_sessions(PROJECT)[0] if s.n_spans] == []


async def test_signals_and_redeliveries(tmp_path: Path) -> None:
    body = {"session_id": "s0", "kind": "feedback", "source": "human", "score": 0}
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge, httpx.AsyncClient() as client:
            url = f"http://127.0.0.1:{edge.http_port}/api/projects/{PROJECT}/signal"
            answers = [(await client.post(url, json=body)).json()["status"] for _ in range(2)]
            assert answers == ["stored", "known"]
            assert store.coverage(PROJECT).waiting_for_spans == 1
            for _ in range(3):
                await export(edge, batch(0))
            key = SessionKey.of(PROJECT, "s0")
            clock = store.session_clock(key)
            assert clock is not None
            assert len(store.load_signals(key)) == 1
            assert store.coverage(PROJECT).waiting_for_spans == 0
            await export(edge, batch(0))
            again = store.session_clock(key)
            assert again is not None
            assert again.version == clock.version


async def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}")
    async with running(store) as edge:
        store.close()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await export(edge, batch(0))
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_what_is_odd_but_taken_is_counted(tmp_path: Path) -> None:
    once, other = span(1, session__id="a"), span(1, session__id="a", note="changed")
    conflict = span(2, parent=1, session__id="b")
    signal = {"session_id": "a", "kind": "feedback", "source": "human", "score": 0}
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge, httpx.AsyncClient() as client:
            for sent in (once, once, other, conflict):
                await export(edge, request(sent).SerializeToString())
            url = f"http://127.0.0.1:{edge.http_port}/api/projects/{PROJECT}/signal"
            for _ in range(3):
                await client.post(url, json=signal)
            counted = edge.metrics.sums()
    assert counted["spans_accepted"] == 4
    assert counted["spans_known"] == 1
    assert counted["spans_with_two_contents"] == 1
    assert counted["traces_with_two_sessions"] == 1
    assert (counted["signals_accepted"], counted["signals_known"]) == (3, 2)
