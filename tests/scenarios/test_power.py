"""Planted faults are found: the right agent, a right feature, checked quotes; noise stays silent."""

import pytest

from bench.scenarios import walk
from pipeline.model.finding import Finding, FindingState
from tests.scenarios.applications import Application
from tests.scenarios.catalogue import FAULTY, HEALTHY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def named(findings: tuple[Finding, ...]) -> list[Finding]:
    return [f for f in findings if f.blamed_agent is not None]


@pytest.mark.parametrize("app", FAULTY, ids=lambda app: app.name)
def test_the_fault_is_blamed_on_its_agent_by_its_name(app: Application) -> None:
    findings = named(walk(app, 1).findings)
    assert {f.blamed_agent for f in findings} == {agent for agent, _ in app.blamed}
    for agent, features in app.blamed:
        best = next(f for f in findings if f.blamed_agent == agent)
        assert best.feature is not None
        assert best.feature.startswith(features)
        assert best.state is FindingState.OPEN
        assert best.p_value is not None
        assert best.p_value <= 0.01
        assert best.failing.low > best.healthy.high
        assert len(best.evidence) >= 3
        assert all(e.verified for e in (*best.evidence, *best.healthy_evidence))
        assert best.healthy_evidence
        assert agent in best.root_cause
        assert best.prompt_patch or best.prompt_patch_reason


@pytest.mark.parametrize("app", HEALTHY, ids=lambda app: app.name)
def test_an_application_without_a_fault_is_left_alone(app: Application) -> None:
    assert named(walk(app, 1).findings) == []
