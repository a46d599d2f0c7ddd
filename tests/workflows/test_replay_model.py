"""The recorded interrogation by a model replays, and its history holds no trace text.

In: tests/histories/model/*.json, made by `python -m tests.workflows.record_histories`.
"""

import base64
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from pipeline.llm.door import Door, open_door
from pipeline.llm.settings import ModelSettings
from pipeline.store import Store
from tests.workflows.clerk import SECRET
from tests.workflows.replaying import TRUTHFUL, Remembered, replay_interrogation

FILE = Path(__file__).parents[1] / "histories" / "model" / "interrogate.json"
KEPT: dict[str, Any] = json.loads(FILE.read_text())


@pytest.fixture(autouse=True)
def door(tmp_path: Path) -> Generator[None]:
    """Without one a worker says that it has no model; a replay asks it nothing."""
    with Store.open(str(tmp_path / "store.db")) as store:
        open_door(Door(ModelSettings(model=TRUTHFUL), store))
        yield
        open_door(None)


async def replay(text: str) -> None:
    history = WorkflowHistory.from_json(KEPT["workflowId"], json.loads(text))
    await replay_interrogation(Remembered(KEPT["claims"]), history)


async def test_the_recorded_interrogation_replays() -> None:
    await replay(json.dumps(KEPT["history"]))


async def test_other_commands_do_not_replay() -> None:
    with pytest.raises(NondeterminismError):
        await replay(json.dumps(KEPT["history"]).replace("check_answer", "keep_proposals"))


def test_the_text_is_in_the_store_only() -> None:
    payloads = b"".join(base64.b64decode(body) for body in KEPT["claims"].values())
    history = json.dumps(KEPT["history"])
    assert SECRET.encode() in payloads
    assert SECRET not in history
    assert all(SECRET.encode() not in data for data in payloads_of(KEPT["history"]))


def payloads_of(node: Any) -> list[bytes]:
    """Decoded data of every payload."""
    if isinstance(node, dict):
        own = [base64.b64decode(node["data"])] if isinstance(node.get("data"), str) else []
        return own + [data for inner in node.values() for data in payloads_of(inner)]
    if isinstance(node, list):
        return [data for inner in node for data in payloads_of(inner)]
    return []
