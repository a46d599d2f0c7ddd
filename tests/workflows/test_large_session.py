"""Sessions of 50,000 spans through a worker of its own: analysed in the end, in bounded memory."""

import time
from pathlib import Path

import pytest
from temporalio.client import Client

from pipeline.conventions.steps import read_steps
from pipeline.interrogation.statistical import StatisticalInterrogator
from pipeline.model.session import SessionKey, SessionState
from pipeline.signals.enrich import enrich
from pipeline.store.span_codec import decode_span
from tests.unit.otlp import span
from tests.workflows.large import SESSION, batches
from tests.workflows.test_walk import walk, working
from tests.workflows.walk import Walk

pytestmark = pytest.mark.slow

N_SPANS = 50_000
MAX_MEMORY = 1_000_000_000
MAX_PAYLOAD = 2_000_000


@pytest.mark.timeout(900)
async def test_50_000_spans_are_analysed_in_bounded_memory(client: Client, tmp_path: Path) -> None:
    async with walk(client, tmp_path) as one:
        for spans in batches("team", N_SPANS):
            await one.send(spans)
        worker = one.worker()
        try:
            await one.settle(patience=800)
            peak = _peak_memory(worker.pid)
        finally:
            worker.kill()
            worker.wait()
        detail = one.store.get_session(one.project, SESSION)
        largest = await _largest_event(one)
    assert detail is not None
    assert detail.session.n_spans == N_SPANS
    assert detail.session.state is SessionState.ANALYSED
    assert {"planner", "researcher", "writer", "reviewer"} <= set(detail.session.agents)
    assert 0 < peak < MAX_MEMORY
    assert 0 < largest < MAX_PAYLOAD


def _peak_memory(pid: int) -> int:
    """The most that the process ever held, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


async def _largest_event(one: Walk) -> int:
    """The size of the largest event in the histories of the session's workflows."""
    key = SessionKey.of(one.project, SESSION)
    sizes: list[int] = []
    for stage in ("", "#enrich", "#merge", "#interrogate"):
        handle = one.client.get_workflow_handle(f"session/{one.project}/{key.digest}{stage}")
        history = await handle.fetch_history()
        sizes += [event.ByteSize() for event in history.events]
    return max(sizes)


@pytest.mark.timeout(300)
async def test_one_more_than_the_limit_is_told_and_ends(client: Client, tmp_path: Path) -> None:
    async with working(client, tmp_path, max_spans_a_session=2_000) as one:
        for spans in batches("marathon", 2_001):
            await one.send(spans)
        await one.send([span(1, trace="e" * 32, session__id="long", text="x" * 2_000_000)])
        await one.settle(patience=200)
        coverage = one.store.coverage(one.project)
    assert coverage.skipped == {"too_large": 1, "no_agent_steps": 1}
    assert coverage.received == 2


@pytest.mark.timeout(300)
async def test_bytes_beyond_the_limit_are_told_too(client: Client, tmp_path: Path) -> None:
    async with working(client, tmp_path, max_bytes_a_session=1_000_000) as one:
        await one.send([span(1, session__id="long", text="x" * 1_000_000)])
        await one.settle()
        coverage = one.store.coverage(one.project)
    assert coverage.skipped == {"too_large": 1}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", ["chain", "chat", "marathon"])
def test_work_grows_with_the_spans(shape: str) -> None:
    """Four times the spans are some four times the work; what is quadratic would be sixteen times."""
    small, large = _seconds(shape, 1_000), _seconds(shape, 4_000)
    assert large < 8 * small


def _seconds(shape: str, n_spans: int) -> float:
    """Processor time of the pure path."""
    sent = [one for batch in batches(shape, n_spans) for one in batch]
    spans = [decode_span(one.SerializeToString(), b"", b"") for one in sent]
    begun = time.thread_time()
    steps = read_steps(spans)
    enriched = enrich(steps, spans)
    result = StatisticalInterrogator().interrogate(steps, enriched.detections, spans)
    assert result.outline
    return time.thread_time() - begun
