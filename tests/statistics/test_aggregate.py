"""Aggregation: rules from unusual traits, counts from the rules, nothing from the order."""

import random as stdlib

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.aggregation.aggregate import aggregate
from pipeline.aggregation.gate import gate_project
from pipeline.aggregation.phrases import phrases
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.detection import StepTerms
from pipeline.model.session import SessionRow
from tests.scenarios.pure_path import shared_embedder
from tests.scenarios.rows import row


def rows_with_a_fault(n: int = 120, seed: int = 1) -> list[SessionRow]:
    random = stdlib.Random(seed)
    rows: list[SessionRow] = []
    for i in range(n):
        lost = random.random() < 0.3
        traits = {
            ("first", "run.latency"): random.random(),
            ("second", "handoff.units"): float(lost),
            ("second", "handoff.numbers_changed"): float(lost or random.random() < 0.02),
            ("second", "run.loop"): 3.0 * (random.random() < 0.02),
        }
        fails = random.random() < (0.7 if lost else 0.03)
        rows.append(row(i, failing=fails, traits=traits, user=f"u{i // 2}"))
    return rows


ROWS = rows_with_a_fault()


def traits_of(clusters: tuple[Cluster, ...]) -> list[str]:
    return sorted(c.rule.conditions[0].trait for c in clusters if c.rule)


def test_the_rule_counts_every_session_and_the_fault_opens_the_gate():
    clusters = gate_project(aggregate("second", "p", ROWS, embed=shared_embedder().embed))
    (units,) = [c for c in clusters if c.gate is GateState.OPEN]
    assert units.label == "second changes or drops the units of quantities."
    assert units.failing.k + units.healthy.k == len(units.session_ids)
    assert units.failing.n + units.healthy.n == len(ROWS)
    assert units.n_blocks > 3


def test_traits_of_the_same_sessions_are_one_cluster_led_by_the_most_specific():
    assert traits_of(aggregate("second", "p", ROWS)) == ["handoff.units"]


def test_what_hardly_any_session_shows_is_noise():
    (noise,) = [c for c in aggregate("second", "p", ROWS) if c.noise]
    assert noise.rule is None
    assert 0 < len(noise.session_ids) < 5


def test_the_verdict_changes_counts_and_digest_only():
    flipped = [
        row(i, failing=i % 2 == 0, traits={}).model_copy(
            update={"enrich": r.enrich, "interrogate": r.interrogate}
        )
        for i, r in enumerate(ROWS)
    ]
    plain, other = aggregate("second", "p", ROWS), aggregate("second", "p", flipped)
    assert [(c.id, c.rule, c.session_ids) for c in plain] == [
        (c.id, c.rule, c.session_ids) for c in other
    ]
    assert all(a.content_digest != b.content_digest for a, b in zip(plain, other, strict=True))


def test_the_digest_changes_only_when_something_an_investigation_reads_changes():
    again = aggregate("second", "p", rows_with_a_fault())
    more = aggregate("second", "p", [*ROWS, row(999, failing=False, traits={})])
    assert [c.content_digest for c in aggregate("second", "p", ROWS)] == [
        c.content_digest for c in again
    ]
    assert {c.content_digest for c in again}.isdisjoint(c.content_digest for c in more)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_arrival_order_changes_nothing(random: stdlib.Random):
    shuffled = ROWS.copy()
    random.shuffle(shuffled)
    embed = shared_embedder().embed
    assert aggregate("second", "p", ROWS, embed=embed) == aggregate(
        "second", "p", shuffled, embed=embed
    )


def test_an_agent_that_nobody_saw_has_no_clusters():
    assert aggregate("nobody", "p", ROWS) == ()
    assert aggregate("second", "p", []) == ()


def test_words_that_come_together_are_one_phrase():
    random = stdlib.Random(5)
    rows: list[SessionRow] = []
    for i in range(60):
        said = ["plan", *(("legal", "signed", "off") if i % 4 == 0 else ())]
        said += [f"w{random.randrange(40)}" for _ in range(3)]
        terms = StepTerms(agent="second", step="agent:second", added=tuple(sorted(set(said))))
        rows.append(row(i, failing=False, traits={}, terms=[terms]))
    found = list(phrases(rows, "second", 5, 1))
    assert [term.name for term in found] == ["term:added:legal"]
