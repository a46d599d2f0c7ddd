"""Every recorded history still replays: a change that would strand running workflows fails here.

In: tests/histories/*.json, made by `python -m tests.workflows.record_histories`.
"""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from pipeline.worker.compose import WORKFLOWS

HISTORIES = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))


def replayer() -> Replayer:
    return Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)


def recorded(text: str) -> WorkflowHistory:
    kept = json.loads(text)
    return WorkflowHistory.from_json(kept["workflowId"], kept["history"])


async def test_recorded_histories_replay() -> None:
    assert len(HISTORIES) >= 14
    one = replayer()
    for file in HISTORIES:
        await one.replay_workflow(recorded(file.read_text()))


async def test_every_workflow_has_a_history() -> None:
    text = "".join(file.read_text() for file in HISTORIES)
    for workflow in WORKFLOWS:
        assert f'"name": "{workflow.__name__}"' in text


@pytest.mark.parametrize(
    ("name", "was", "now"),
    [
        ("session-ordinary", "EnrichSignalsWorkflow", "MergeSignalsWorkflow"),
        ("agent-opens", "aggregate_agent", "write_patch"),
    ],
)
async def test_other_commands_do_not_replay(name: str, was: str, now: str) -> None:
    """The check can fail: a history of other commands is refused."""
    file = next(file for file in HISTORIES if file.stem == name)
    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(recorded(file.read_text().replace(was, now)))
