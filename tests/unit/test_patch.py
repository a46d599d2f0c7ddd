"""Prompt patches: against constant text, concrete, or none with a reason."""

import pytest

from pipeline.conventions.prompt_groups import prompt_group
from pipeline.interrogation.statistical import prompts
from pipeline.investigation.engine import finding_id, state_of
from pipeline.investigation.instructions import instructions
from pipeline.investigation.patch import PLACEHOLDER, constant_text, sessions_to_patch, write_patch
from pipeline.investigation.result import ContrastResult, FeatureResult
from pipeline.investigation.wording import root_cause, tags, trigger
from pipeline.model.evidence import Located
from pipeline.model.finding import Basis, FindingState, HealthyRate
from pipeline.model.session import SessionRow
from pipeline.model.signal import SignalSource
from pipeline.model.span import Span
from pipeline.model.step import Step, StepKind
from pipeline.population.statistics import wilson
from tests.scenarios.rows import row

OLD = "You sum up calls.\nKeep conditions word for word.\nToday is 2026-01-{day}.\n- Be polite."
NEW = "You sum up calls.\nToday is 2026-01-{day}.\n- Be polite."


def a_feature(agent: str, feature: str, effect: float = 0.5) -> FeatureResult:
    return FeatureResult(
        agent=agent,
        step=f"agent:{agent}",
        feature=feature,
        depth=0,
        effect=effect,
        t=9.0,
        p_value=0.0001,
        cut=0.5,
        failing=wilson(30, 40),
        healthy=wilson(5, 90),
    )


def a_result(blamed: FeatureResult | None, **fields: object) -> ContrastResult:
    rate = wilson(5, 90)
    made = ContrastResult(
        cluster_id="c",
        agent="second",
        surfaced_agent="second",
        basis=Basis.CONDITIONAL if blamed else Basis.NONE,
        blamed=blamed,
        trigger=None,
        rivals=(),
        p_value=0.0001 if blamed else None,
        n_tests=100,
        failing=wilson(30, 40),
        healthy=HealthyRate(**rate.model_dump(), confirmed_n=20, presumed_n=70),
        failing_ids=("s00001",),
        healthy_ids=("s00002",),
        verdict_sources=(SignalSource.HUMAN,),
        downstream=("second",),
        reason="" if blamed else "nothing separates",
        tried=(),
    )
    return made.model_copy(update=dict(fields))


def sessions(
    texts: list[str], agent: str = "first"
) -> tuple[list[SessionRow], dict[str, list[Span]]]:
    """Rows and spans of sessions whose agent had these system prompts, the last the newest."""
    rows: list[SessionRow] = []
    spans: dict[str, list[Span]] = {}
    for i, text in enumerate(texts):
        span_id = f"{i:016x}"
        span = Span(
            trace_id="1" * 32,
            span_id=span_id,
            parent_id=None,
            name="chat",
            kind=1,
            start=i,
            end=i + 1,
            attributes={"gen_ai.system_instructions": text},
        )
        step = Step(
            kind=StepKind.LLM,
            key="llm:chat",
            name="chat",
            agent=agent,
            span_id=span_id,
            parent_span_id=None,
            start=i,
            end=i + 1,
            system=(Located(text=text, span_id=span_id, field="gen_ai.system_instructions"),),
        )
        made = row(i, failing=False, traits={})
        seen = {"prompts": prompts([step]), "started_at": i}
        rows.append(
            made.model_copy(update={"interrogate": made.interrogate.model_copy(update=seen)})
        )
        spans[made.session_id] = [span]
    return rows, spans


def test_the_patch_adds_lines_to_what_is_constant_and_shows_what_varies():
    rows, spans = sessions([NEW.format(day=f"{d:02d}") for d in range(1, 9)])
    result = a_result(a_feature("first", "handoff.order"))
    patch, reason = write_patch(result, rows, spans)
    assert reason is None
    assert patch is not None
    assert patch.agent == "first"
    assert len(patch.system_prompt_hash) == 64
    assert f"\n {PLACEHOLDER}\n" in patch.diff
    assert "2026-01" not in patch.diff
    assert "\n+- Keep every event in the order" in patch.diff
    assert not [x for x in patch.diff.splitlines() if x.startswith("-") and not x.startswith("---")]


def test_a_faulty_version_gets_back_the_lines_it_lost():
    rows, spans = sessions(
        [t.format(day=f"{i + 1:02d}") for i, t in enumerate([OLD] * 4 + [NEW] * 4)]
    )
    result = a_result(a_feature("first", f"config.prompt={prompt_group(NEW.format(day='05'))}"))
    patch, _ = write_patch(result, rows, spans)
    assert patch is not None
    added = [x for x in patch.diff.splitlines() if x.startswith("+") and not x.startswith("+++")]
    assert added == ["+Keep conditions word for word."]


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        ("config.model=tiny", "model change"),
        ("run.tool_error_text", "failing tool"),
        ("run.latency", "no prompt matter"),
        ("handoff.something_new", "no instruction is known"),
    ],
)
def test_what_is_no_prompt_matter_says_so(feature: str, said: str):
    rows, spans = sessions([NEW] * 3)
    patch, reason = write_patch(a_result(a_feature("first", feature)), rows, spans)
    assert patch is None
    assert reason is not None
    assert said in reason


def test_no_prompt_no_patch():
    rows, spans = sessions([NEW] * 3, agent="other")
    patch, reason = write_patch(a_result(a_feature("first", "handoff.order")), rows, spans)
    assert patch is None
    assert reason == "no system prompt of first was seen"


def test_the_newest_sessions_are_read_and_the_order_does_not_matter():
    rows, spans = sessions([NEW.format(day=f"{d:02d}") for d in range(1, 30)])
    result = a_result(a_feature("first", "handoff.units"))
    chosen = sessions_to_patch(result, rows)
    assert chosen == sessions_to_patch(result, rows[::-1])
    assert rows[-1].session_id in chosen
    assert rows[0].session_id not in chosen
    assert write_patch(result, rows, spans) == write_patch(result, rows[::-1], spans)


def test_constant_text_joins_neighbouring_placeholders():
    assert constant_text(["a\nx1\ny1\nb", "a\nx2\ny2\nb"]) == ["a", PLACEHOLDER, "b"]


def test_instructions_speak_of_the_very_term_or_tool():
    assert "“audit”" in instructions("term:added:audit", 0.4)[0]
    assert "check_stock" in instructions("run.no_tool=check_stock", 0.4)[0]


def test_the_words_name_agent_matter_rates_and_trigger():
    feature = a_feature("first", "handoff.units")
    shape = a_feature("first", "input.n_currencies")
    result = a_result(feature, trigger=shape)
    said = root_cause(result, "2 of 5 units were changed")
    for part in (
        "first changes or drops the units",
        "mixes currencies",
        "30 of 40 (75%",
        "5 of 90",
    ):
        assert part in said
    assert "It surfaces in the output of second" in said
    assert "input.n_currencies ≥ 0.5" in (trigger(result) or "")
    assert "triggered-by-input" in tags(result)
    handoff = result.model_copy(update={"basis": Basis.HANDOFF})
    assert "consistent with" in root_cause(handoff)


def test_no_cause_says_what_does_separate():
    nothing = a_result(None, trigger=a_feature("first", "input.n_lines"))
    assert "nothing separates" in root_cause(nothing)
    assert "input of many lines" in root_cause(nothing)


def test_findings_of_one_cause_are_one_and_synthetic_verdicts_leave_it_unconfirmed():
    one = a_result(a_feature("first", "handoff.order"))
    other = one.model_copy(update={"cluster_id": "d", "agent": "third"})
    assert finding_id("p", one) == finding_id("p", other) != finding_id("q", one)
    assert state_of(one) is FindingState.OPEN
    synthetic = one.model_copy(update={"verdict_sources": (SignalSource.SYNTHETIC,)})
    assert state_of(synthetic) is FindingState.UNCONFIRMED
    assert state_of(a_result(None)) is FindingState.NO_SEPARATING_CAUSE
