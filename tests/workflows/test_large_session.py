"""A session of 50,000 spans, through the real stages and a real server: the analysis ends."""

from pathlib import Path

import pytest
from temporalio.client import Client

from pipeline.model.session import SessionState
from tests.unit.otlp import span
from tests.workflows.test_walk import working

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

N_SPANS = 50_000
AT_ONCE = 2_000


async def test_50_000_spans_are_told_and_end(client: Client, tmp_path: Path) -> None:
    async with working(client, tmp_path) as one:
        for first in range(0, N_SPANS, AT_ONCE):
            numbers = range(first + 1, first + AT_ONCE + 1)
            spans = [span(n, trace=f"{n % 7 + 1:032x}", session__id="large") for n in numbers]
            await one.send(spans)
        await one.settle(patience=200)
        detail = one.store.get_session(one.project, "large")
        coverage = one.store.coverage(one.project)
    assert detail is not None
    assert detail.session.n_spans == N_SPANS
    assert detail.session.state is SessionState.SKIPPED
    assert detail.session.reason == "too_many_spans"
    assert coverage.received == sum(coverage.skipped.values()) == 1
