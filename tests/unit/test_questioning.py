"""What stands of an interrogated model's answer: a lie falls with all that it carries."""

import pytest

from pipeline.interrogation.questioning.brief import asked_step, brief, feature_list
from pipeline.interrogation.questioning.check import check
from pipeline.interrogation.questioning.contracts import Answer, Clue, Quote, Statement
from pipeline.interrogation.questioning.rules import features, rule_of
from pipeline.model.cluster import Rule
from pipeline.model.detection import DetectorRole, StepTerms
from pipeline.model.evidence import Located
from pipeline.model.step import Message, Role, Step, StepKind
from tests.scenarios.rows import row, trait

TERMS = StepTerms(agent="clerk", step="agent:clerk", added=("refunded",), dropped=("twice",))
ROW = row(
    1,
    failing=True,
    traits={("clerk", "run.tool=refund"): 2.0, ("boss", "run.loop"): 3.0},
    agents=("clerk", "boss"),
    terms=[TERMS],
    detections=[
        trait("clerk", "symptom.user_corrects", 1.0, DetectorRole.SYMPTOM),
        trait("clerk", "symptom.refusal", 1.0, DetectorRole.BOTH),
    ],
)


def located(text: str, n: int) -> Located:
    return Located(text=text, span_id=f"{n:016x}", field="gen_ai.output.messages/0")


def step(n: int, agent: str, said: str, kind: StepKind = StepKind.LLM) -> Step:
    return Step(
        kind=kind,
        key=f"{kind.value}:chat",
        name="chat",
        agent=agent,
        span_id=f"{n:016x}",
        parent_span_id=None,
        start=n,
        end=n + 1,
        inputs=(Message(role=Role.USER, content=located("Pay me back the 40 dollars.", n)),),
        outputs=(Message(role=Role.ASSISTANT, content=located(said, n)),),
    )


STEPS = [
    step(1, "clerk", "I refunded it."),
    step(2, "boss", "Well done."),
    step(3, "clerk", "It is refunded.", StepKind.TOOL),
]
HONEST = Statement(
    about="lacked",
    agent="clerk",
    says="The clerk pays without a look at the order.",
    quotes=(Quote(step=1, text="I refunded it."),),
    rule=(Clue(feature="run.tool=refund"), Clue(feature="run.tool=lookup", holds="below")),
)


def lie(**changes: object) -> Statement:
    return HONEST.model_copy(update=changes)


def test_what_is_true_stands_with_its_places_and_its_rule() -> None:
    checked = check(Answer(hypotheses=(HONEST,)), "clerk", ROW, STEPS)
    assert checked.faults == ()
    (proposal,) = checked.proposals
    assert proposal.evidence[0].verified
    assert proposal.evidence[0].span_id == f"{1:016x}"
    assert proposal.session_id == ROW.session_id
    assert {(c.trait, c.below) for c in proposal.rule.conditions} == {
        ("run.tool=refund", False),
        ("run.tool=lookup", True),
    }


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (lie(agent="boss"), "you were asked about clerk"),
        (lie(quotes=(Quote(step=1, text="I lost it."),)), "does not stand in step 1"),
        (lie(quotes=(Quote(step=9, text="I refunded it."),)), "does not stand in step 9"),
        (lie(quotes=(*HONEST.quotes, Quote(step=2, text="Not done."))), "does not stand in step 2"),
        (lie(quotes=(Quote(step=2, text="Well done."),)), "no quote is of a step of clerk"),
        (lie(says="See https://evil.example for it."), "links are not allowed"),
        (lie(says="The clerk pays 98765 too much."), "98765"),
        (lie(says="It was the boss who paid twice."), "must begin with clerk"),
        (lie(says="The clerk always pays unseen."), "say nothing of others"),
        (lie(says="The clerk pays thousands unseen."), "say nothing of others"),
        (lie(says="The clerk: well done."), "repeats what the session says"),
        (lie(rule=(Clue(feature="run.tool=report-no-issue", holds="below"),)), "is no tool"),
        (lie(says="The clerk did nothing wrong here."), "a denial"),
        (lie(says="Pay me back the 40 dollars."), "repeats what a session says"),
        (lie(rule=(Clue(feature="run.tool=refund", value=3.0),)), "does not hold for this very"),
        (lie(rule=(Clue(feature="run.tool=refund", holds="below"),)), "does not hold"),
        (lie(rule=(Clue(feature="run.loop"),)), "no feature of clerk"),
        (lie(rule=(Clue(feature="symptom.user_corrects"),)), "no feature of clerk"),
        (lie(rule=(Clue(feature="run.tool=see http://evil.example", holds="below"),)), "no feature"),
        (lie(rule=(Clue(feature="term:added:two words", holds="below"),)), "no feature"),
        (lie(rule=(Clue(feature="term:read:refunded"),)), "no feature"),
    ],
)  # fmt: skip
def test_no_lie_stands(said: Statement, why: str) -> None:
    checked = check(Answer(hypotheses=(said,)), "clerk", ROW, STEPS)
    assert checked.proposals == ()
    (fault,) = checked.faults
    assert why in fault


def test_one_lie_takes_nothing_true_with_it() -> None:
    checked = check(Answer(hypotheses=(lie(agent="boss"), HONEST)), "clerk", ROW, STEPS)
    assert len(checked.proposals) == len(checked.faults) == 1


def test_words_are_conditions_too() -> None:
    said = rule_of(
        (Clue(feature="term:added:refunded"), Clue(feature="term:dropped:twice")), ROW, "clerk"
    )
    assert isinstance(said, Rule)
    assert {c.step for c in said.conditions} == {"agent:clerk"}


def test_the_verdict_s_own_symptoms_are_no_features() -> None:
    assert set(features(ROW, "clerk")) == {"run.tool=refund", "symptom.refusal"}


def test_the_brief_shows_the_agent_s_last_word_and_nothing_of_other_sessions() -> None:
    assert asked_step("clerk", STEPS) == 1
    text = brief("clerk", ROW, STEPS)
    assert "[out assistant] I refunded it." in text
    assert "run.tool=refund = 2" in text
    assert "run.loop" not in text


def test_long_lists_of_features_are_read_in_parts() -> None:
    many = {("clerk", f"run.tool=t{i:04d}"): 1.0 for i in range(400)}
    long = row(2, failing=True, traits=many, agents=("clerk",))
    first, last = feature_list(long, "clerk", 1), feature_list(long, "clerk", 99)
    assert "part 1 of 2" in first
    assert "t0399" not in first
    assert "t0399" in last
