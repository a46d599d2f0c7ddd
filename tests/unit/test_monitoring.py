"""Which workflows of the worker are sessions of its own project, and which are looked at no more."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipeline.config import Config
from pipeline.temporal.ids import agent_workflow_id, analysed_project, issue_workflow_id
from pipeline.worker.compose import WORKFLOWS
from pipeline.worker.monitoring import monitoring, session_rule

_RULE = session_rule(frozenset(w.__name__ for w in WORKFLOWS), "kelet-sidecar")


def ruled(
    workflow_id: str | None, kind: str = "SessionWorkflow", queue: str = "kelet-sidecar"
) -> tuple[str | None, int]:
    info = SimpleNamespace(
        workflow_id=workflow_id, workflow_type=kind, task_queue=queue, workflow_run_id="r"
    )
    session = _RULE(cast(Any, info))
    return session.session_id, session.depth


@pytest.mark.parametrize(
    "workflow_id", ["session/shop/01", "session/shop/01#merge", "agent/shop%2Fkelet-sidecar/x"]
)
def test_what_analyses_a_project_is_a_session(workflow_id: str) -> None:
    assert ruled(workflow_id) == (f"{workflow_id}@r", 1)


def test_what_analyses_these_or_is_not_ours_is_none() -> None:
    for workflow_id in ("session/kelet-sidecar/01", "agent/kelet-sidecar/x", "chat-1", None):
        assert ruled(workflow_id) == (None, 2)
    assert ruled("session/shop/01", kind="Other") == (None, 2)
    assert ruled("session/shop/01", queue="other") == (None, 2)


def test_ids_name_the_project() -> None:
    assert analysed_project(agent_workflow_id("a/b", "x")) == "a%2Fb"
    assert analysed_project(issue_workflow_id("shop", "c", 1)) == "shop"
    assert analysed_project("claim/shop/1") is None


def test_it_is_off_unless_switched_on() -> None:
    assert monitoring(Config(), WORKFLOWS) == []
