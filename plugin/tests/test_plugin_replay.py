"""Histories recorded once still replay, and replaying draws no span and sends no signal."""

from __future__ import annotations

from pathlib import Path

import kelet_temporal as kelet
import pytest
from kelet_app import WORKFLOWS
from kelet_stage import SignalDoor, Spans
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

HISTORIES = sorted(Path(__file__).with_name("histories").glob("*.json"))


@pytest.mark.parametrize("plugins", [True, False], ids=["with the plugin", "without it"])
async def test_recorded_histories_replay(spans: Spans, door: SignalDoor, plugins: bool) -> None:
    """Without the plugin too: taking it out of a worker breaks no running workflow."""
    assert len(HISTORIES) == 10
    installed = [kelet.KeletPlugin(auto_session=True)] if plugins else []
    replayer = Replayer(workflows=WORKFLOWS, plugins=installed)
    for path in HISTORIES:
        text = path.read_text()
        history = WorkflowHistory.from_json(path.stem, text)
        await replayer.replay_workflow(history)
    assert spans.all() == ()
    assert door.received == []
