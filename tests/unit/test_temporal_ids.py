"""Workflow ids: one name, one id; separators only where we put them; bounded."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.aggregation.workflow import AgentAggregationWorkflow
from pipeline.model.session import SessionKey
from pipeline.session.workflow import SessionWorkflow
from pipeline.temporal import ids, nudges

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(names, names)
def test_different_names_get_different_parts(one: str, other: str) -> None:
    assert (ids.encode_part(one) == ids.encode_part(other)) == (one == other)


@given(names)
def test_part_is_bounded_and_free_of_separators(name: str) -> None:
    part = ids.encode_part(name)
    assert len(part.encode()) <= ids.MAX_PART_BYTES
    assert not set(part) & set("/#")
    assert part.isprintable()


def test_readable_forms() -> None:
    key = SessionKey.of("shop/eu", "chat 1")
    assert ids.session_workflow_id(key) == f"session/shop%2Feu/{key.digest}"
    assert len(key.digest) == 32
    assert ids.stage_workflow_id("session/a/b", ids.ENRICH) == "session/a/b#enrich"
    assert ids.agent_workflow_id("p", "claim-scorer") == "agent/p/claim-scorer"
    assert ids.agent_workflow_id("p", "a\n100%") == "agent/p/a%0A100%25"
    assert ids.agent_workflow_id("p", "Büro") == "agent/p/Büro"
    assert ids.issue_workflow_id("p", "c1", 3) == "issue/p/c1/3"


def test_nudges_call_workflows_and_signals_by_their_names() -> None:
    assert SessionWorkflow.__name__ == nudges.SESSION_WORKFLOW
    assert AgentAggregationWorkflow.__name__ == nudges.AGENT_WORKFLOW
    assert SessionWorkflow.spans_arrived.__name__ == nudges.SPANS_ARRIVED
    assert AgentAggregationWorkflow.hypotheses_attributed.__name__ == nudges.HYPOTHESES_ATTRIBUTED
