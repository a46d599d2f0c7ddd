"""Rules that a language model proposes: what is true is found, what is not changes nothing."""

import random as stdlib
from collections.abc import Sequence

import pytest

from pipeline.aggregation.aggregate import aggregate
from pipeline.aggregation.gate import gate_project
from pipeline.investigation.contrast import contrast
from pipeline.investigation.settings import ContrastSettings
from pipeline.investigation.wording import root_cause
from pipeline.model.cluster import Cluster, Condition, GateState, Proposal, Rule
from pipeline.model.detection import DetectorRole, StepTerms
from pipeline.model.session import SessionRow
from pipeline.population.features import Population
from pipeline.traits import conditions_of, meaning, rule_name
from tests.scenarios.rows import row, trait, vote

REFUND, LOOKUP = "run.tool=refund", "run.tool=lookup"
STEP = "agent:clerk"


def mixed_up(n: int = 120, seed: int = 3) -> list[SessionRow]:
    """Fails where just one of two tools is called: neither tool says anything by itself."""
    random = stdlib.Random(seed)
    rows: list[SessionRow] = []
    for i in range(n):
        refund, lookup = i % 2 == 0, i % 4 < 2
        wrong = refund != lookup
        traits = {
            ("clerk", REFUND): float(refund),
            ("clerk", LOOKUP): float(lookup),
            ("clerk", "run.latency"): random.random(),
        }
        fails = random.random() < (0.9 if wrong else 0.03)
        rows.append(row(i, failing=fails, traits=traits, agents=("clerk",)))
    return rows


ROWS = mixed_up()
FAILING = [r.session_id for r in ROWS if r.verdict.label == "failing"]


def on(name: str, threshold: float = 1.0, *, below: bool = False) -> Condition:
    return Condition(agent="clerk", step=STEP, trait=name, threshold=threshold, below=below)


def proposal(session_id: str, *conditions: Condition) -> Proposal:
    return Proposal(
        session_id=session_id,
        agent="clerk",
        step=STEP,
        about="did",
        sentence="It pays back what it did not look up.",
        evidence=(),
        rule=Rule(conditions=conditions),
    )


TRUE = (on(REFUND), on(LOOKUP, below=True))


def gated(proposals: Sequence[Proposal], rows: Sequence[SessionRow] = ROWS) -> tuple[Cluster, ...]:
    return gate_project(aggregate("clerk", "p", rows, proposals=proposals))


def of_model(clusters: Sequence[Cluster]) -> list[Cluster]:
    return [c for c in clusters if c.proposals]


def holding(rule: Rule) -> list[str]:
    population = Population("clerk", ROWS)
    return [i for i, m in zip(population.session_ids, population.members(rule), strict=True) if m]


def test_the_statistics_alone_find_nothing():
    assert all(c.gate is not GateState.OPEN for c in gated([]))


def test_a_true_rule_opens_the_gate_and_is_named_as_the_cause():
    first = next(s for s in FAILING if s in holding(Rule(conditions=TRUE)))
    (found,) = of_model(gated([proposal(first, *TRUE)]))
    assert found.gate is GateState.OPEN, found.reason
    assert found.failing.k + found.healthy.k <= len(found.session_ids)
    assert found.label == "clerk does not call the tool lookup and calls the tool refund."
    result = contrast(found, ROWS, ContrastSettings(n_permutations=999))
    assert result.blamed is not None, (result.reason, result.tried)
    assert result.blamed.feature == rule_name(Rule(conditions=TRUE))
    assert "does not call the tool lookup" in root_cause(result)


def test_the_sessions_that_suggested_a_rule_do_not_test_it():
    rule = Rule(conditions=TRUE)
    every = [s for s in FAILING if s in holding(rule)]
    (few,) = of_model(gated([proposal(every[0], *TRUE)]))
    (all_of_them,) = of_model(gated([proposal(s, *TRUE) for s in every]))
    assert (few.failing, few.healthy) == (all_of_them.failing, all_of_them.healthy)
    assert few.p_value < 1e-6
    assert all_of_them.p_value == 1.0
    assert all_of_them.gate is GateState.BELOW_GATE


def test_sessions_of_the_same_block_are_left_out_too():
    rows = [
        r.model_copy(
            update={"interrogate": r.interrogate.model_copy(update={"user": f"u{i // 4}"})}
        )
        for i, r in enumerate(ROWS)
    ]
    held = Population("clerk", rows).in_blocks_of({"s00001"})
    assert [i for i, h in enumerate(held) if h] == [0, 1, 2, 3]


def test_rules_that_do_not_separate_change_nothing_of_the_statistics():
    rows = [*ROWS, *_with_a_fault()]
    plain = gated([], rows)
    lies = [proposal(s, on("run.latency", 0.5 + k / 1000)) for k, s in enumerate(FAILING[:40])]
    beside = gated(lies, rows)
    assert any(c.gate is GateState.OPEN for c in plain)
    assert [c for c in beside if not c.proposals] == list(plain)
    assert all(c.gate is not GateState.OPEN for c in of_model(beside))


def _with_a_fault() -> list[SessionRow]:
    return [
        row(1000 + i, failing=i % 3 == 0, traits={("clerk", "run.loop"): 3.0 * (i % 3 == 0)},
            agents=("clerk",))
        for i in range(60)
    ]  # fmt: skip


def test_every_distinct_rule_counts():
    first = next(s for s in FAILING if s in holding(Rule(conditions=TRUE)))
    others = [proposal(FAILING[0], on("run.latency", t / 50), on(REFUND)) for t in range(1, 40)]
    (alone,) = of_model(gated([proposal(first, *TRUE)]))
    among = of_model(gated([proposal(first, *TRUE), *others]))
    (same,) = [c for c in among if c.rule == alone.rule]
    assert same.n_proposed == 40
    assert same.p_value == alone.p_value
    assert same.q_value > alone.q_value


def test_what_the_statistics_test_already_makes_no_second_cluster():
    plain = [c for c in gated([]) if c.rule]
    known = plain[0].rule
    assert known is not None
    condition = known.conditions[0]
    assert of_model(gated([proposal(plain[0].session_ids[0], condition)])) == []


def test_a_rule_on_what_the_verdict_was_made_of_is_tested_without_it():
    refusing = [
        row(i, failing=False, traits={}, agents=("clerk",), votes=[],
            detections=[trait("clerk", "symptom.refusal", 1.0, DetectorRole.BOTH)] if i < 20 else ())
        for i in range(60)
    ]  # fmt: skip
    assert sum(r.verdict.label == "failing" for r in refusing) == 20
    other = [on("symptom.refusal"), on("run.latency", 0.5, below=True)]
    made = aggregate("clerk", "p", refusing, proposals=[proposal("s00000", *other)])
    assert all(c.failing.n == 0 for c in made if c.rule)


@pytest.mark.parametrize("side", ["added", "dropped", "external"])
def test_terms_of_every_side_can_be_in_a_rule(side: str):
    said = StepTerms(agent="clerk", step=STEP, **{side: ("voucher",)})
    rows = [row(1, failing=True, traits={}, agents=("clerk",), terms=[said]),
            row(2, failing=True, traits={}, agents=("clerk",))]  # fmt: skip
    rule = Rule(conditions=(on(f"term:{side}:voucher"),))
    assert Population("clerk", rows).members(rule).tolist() == [True, False]


def test_a_rule_that_was_picked_to_fit_its_own_session_is_rarely_true():
    """No false alarm by construction: of pure noise, whatever holds for the session that was read."""
    opened = 0
    for seed in range(20):
        random = stdlib.Random(seed)
        rows = [_noise(i, random) for i in range(60)]
        read = [r for r in rows if r.verdict.label == "failing"][:8]
        proposals = [proposal(r.session_id, *_fitting(r, random)) for r in read for _ in range(3)]
        opened += any(c.gate is GateState.OPEN for c in of_model(gated(proposals, rows)))
    assert opened <= 1


def _noise(i: int, random: stdlib.Random) -> SessionRow:
    words = tuple(sorted({f"w{random.randrange(12)}" for _ in range(5)}))
    said = StepTerms(agent="clerk", step=STEP, added=words)
    fails = random.random() < 0.4
    return row(i, failing=fails, traits={}, agents=("clerk",), terms=[said])


def _fitting(one: SessionRow, random: stdlib.Random) -> list[Condition]:
    words = one.interrogate.terms[0].added
    return [on(f"term:added:{w}") for w in random.sample(words, min(2, len(words)))]


def test_arrival_order_changes_nothing():
    proposals = [proposal(s, *TRUE) for s in FAILING[:3]]
    turned = [proposal(s, *reversed(TRUE)) for s in FAILING[:3]]
    assert [c.id for c in gated(proposals)] == [c.id for c in gated(list(reversed(turned)))]
    assert gated(proposals) == gated(list(reversed(proposals)), list(reversed(ROWS)))


def test_a_rule_is_a_name_and_back():
    name = rule_name(Rule(conditions=TRUE))
    assert {(c.trait, c.step, c.threshold, c.below) for c in conditions_of(name)} == {
        (c.trait, c.step, c.threshold, c.below) for c in TRUE
    }
    assert name == rule_name(Rule(conditions=TRUE[::-1]))
    assert meaning(name).noun == "a combination"


def test_one_condition_that_has_a_column_is_named_by_it():
    """A word that no trait has a name for: the rule opens, the contrast names the word."""
    rows = [_worded(i) for i in range(80)]
    failing = [r.session_id for r in rows if r.verdict.label == "failing"]
    assert all(c.gate is not GateState.OPEN for c in gated([], rows))
    (found,) = of_model(gated([proposal(failing[0], on("term:added:voucher"))], rows))
    result = contrast(found, rows, ContrastSettings(n_permutations=999))
    assert result.blamed is not None
    assert result.blamed.feature == "term:added:voucher"


def _worded(i: int) -> SessionRow:
    wrong = i % 5 == 0
    random = stdlib.Random(i)
    words = {f"{kind}{random.randrange(5)}" for kind in "abcdefghijklmnopqrstuvwxyz"}
    words |= {"voucher"} if wrong else set()
    said = StepTerms(agent="clerk", step=STEP, added=tuple(sorted(words)))
    votes = [vote(True)] if wrong else [vote(False)]
    return row(i, failing=wrong, traits={}, agents=("clerk",), terms=[said], votes=votes)
