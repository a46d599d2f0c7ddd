"""The contrast: who gets the blame, and who does not."""

import random as stdlib
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from pipeline.aggregation.aggregate import aggregate
from pipeline.aggregation.gate import gate_project
from pipeline.investigation.blame import Scored, named_for
from pipeline.investigation.columns import Tried
from pipeline.investigation.contrast import contrast
from pipeline.investigation.permutation import LabelSet, Shuffle, max_t
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.settings import ContrastSettings
from pipeline.investigation.strata import best_cut, within
from pipeline.model.cluster import Cluster, Condition, GateState, Rule
from pipeline.model.detection import DetectorRole, StepTerms
from pipeline.model.finding import Basis
from pipeline.model.session import SessionRow
from tests.scenarios.rows import row, trait, vote
from tests.statistics.test_gate import a_cluster

FAST = ContrastSettings(n_permutations=999)
Traits = Mapping[tuple[str, str], float]


def cluster_on(agent: str, name: str, threshold: float = 0.5) -> Cluster:
    condition = Condition(agent=agent, step=f"agent:{agent}", trait=name, threshold=threshold)
    update = {"agent": agent, "rule": Rule(conditions=(condition,))}
    return a_cluster(name, 1e-6).model_copy(update=update)


def chain(n: int, make: object, seed: int = 1) -> list[SessionRow]:
    """Rows of a chain of three agents; `make(random)` gives traits and whether the session fails."""
    random = stdlib.Random(seed)
    rows: list[SessionRow] = []
    for i in range(n):
        traits, failing = make(random)  # pyright: ignore[reportCallIssue]
        rows.append(row(i, failing=failing, traits=traits, agents=("first", "second", "third")))
    return rows


def feedback(random: stdlib.Random, wrong: bool) -> bool:
    return random.random() < (0.6 if wrong else 0.03)


def blamed(result: ContrastResult) -> tuple[str | None, str | None, Basis]:
    found = result.blamed
    return (found.agent if found else None, found.feature if found else None, result.basis)


def by_chance(random: stdlib.Random) -> tuple[Traits, bool]:
    """The second agent loses order now and then; the third shows it, more strongly."""
    lost = random.random() < 0.3
    traits = {
        ("second", "handoff.order"): 0.6 if lost else random.choice((0.0, 0.05, 0.1)),
        ("third", "handoff.additions"): 0.8 if lost else 0.0,
        ("first", "run.latency"): random.random(),
        ("first", "input.length"): random.random() * 100,
    }
    return traits, feedback(random, lost)


def by_trigger(random: stdlib.Random) -> tuple[Traits, bool]:
    """A trigger decides the loss at the second agent; the first passes it on and takes longer."""
    hard = random.random() < 0.35
    size = (8 if hard else 2) + random.random()
    traits = {
        ("first", "input.label_switches"): 9.0 if hard else 0.0,
        ("first", "run.latency"): size,
        ("first", "handoff.length"): 0.1 * random.random(),
        ("second", "handoff.order"): 0.5 + 0.1 * random.random() if hard else 0.0,
        ("third", "run.tokens"): size * 10,
    }
    return traits, feedback(random, hard)


def sometimes_by_trigger(random: stdlib.Random) -> tuple[Traits, bool]:
    """With the trigger the third agent errs half of the time; the first loses a little with it."""
    hard = random.random() < 0.5
    lost = hard and random.random() < 0.5
    traits = {
        ("first", "input.n_lines"): (30 if hard else 10) + random.random(),
        ("first", "handoff.numbers"): 0.3 * random.random() + (0.2 if hard else 0.0),
        ("third", "handoff.units"): 1.0 if lost else 0.0,
    }
    return traits, feedback(random, lost)


def test_the_earliest_step_that_separates_is_blamed_not_the_one_that_surfaces():
    rows = chain(200, by_chance)
    for cluster in (
        cluster_on("third", "handoff.additions"),
        cluster_on("second", "handoff.order"),
    ):
        result = contrast(cluster, rows, FAST)
        assert blamed(result) == ("second", "handoff.order", Basis.CONDITIONAL)
        assert result.trigger is None
        assert result.surfaced_agent == "third"
        assert result.p_value is not None
        assert result.p_value <= 0.01


def test_where_the_trigger_decides_the_handoff_is_blamed_and_the_pass_through_is_innocent():
    result = contrast(cluster_on("second", "handoff.order", 0.4), chain(240, by_trigger), FAST)
    assert blamed(result) == ("second", "handoff.order", Basis.HANDOFF)
    assert result.trigger is not None
    assert result.trigger.feature == "input.label_switches"


def test_within_the_strata_of_the_trigger_only_the_guilty_separates():
    rows = chain(300, sometimes_by_trigger)
    result = contrast(cluster_on("third", "handoff.units"), rows, FAST)
    assert blamed(result) == ("third", "handoff.units", Basis.CONDITIONAL)


def test_an_input_blames_nobody():
    def only_input(random: stdlib.Random) -> tuple[Traits, bool]:
        hard = random.random() < 0.4
        return {("first", "input.n_lines"): 30.0 if hard else 3.0}, feedback(random, hard)

    result = contrast(cluster_on("first", "input.n_lines", 20), chain(200, only_input), FAST)
    assert blamed(result) == (None, None, Basis.NONE)
    assert result.trigger is not None
    assert "no step's own difference" in result.reason


@pytest.mark.parametrize("own", [True, False])
def test_when_all_agents_change_at_once_only_an_own_difference_tells_them_apart(own: bool):
    def rollout(random: stdlib.Random) -> tuple[Traits, bool]:
        new = random.random() < 0.5
        version = "b" if new else "a"
        agents = ("first", "second", "third")
        traits: dict[tuple[str, str], float] = {(x, f"config.prompt={version}"): 1 for x in agents}
        traits["second", "handoff.numbers_changed"] = float(own and new)
        return traits, feedback(random, new)

    rows = chain(200, rollout)
    result = contrast(cluster_on("first", "config.prompt=b"), rows, FAST)
    expected = ("second", "config.prompt=b") if own else (None, None)
    assert blamed(result)[:2] == expected


def test_a_detector_that_votes_is_tested_without_its_vote():
    """Refusals vote; tested against a verdict with their vote they would always separate."""
    random = stdlib.Random(3)
    rows = [
        row(
            i,
            failing=False,
            traits={},
            detections=[trait("second", "symptom.refusal", 1.0, DetectorRole.BOTH)]
            if random.random() < 0.3
            else [],
            votes=[],
        )
        for i in range(150)
    ]
    clusters = gate_project(aggregate("second", "p", rows))
    (refusals,) = [c for c in clusters if c.rule]
    assert refusals.failing.n == 0
    assert refusals.gate is not GateState.OPEN


def test_terms_name_a_cause_when_no_trait_does():
    random = stdlib.Random(4)
    rows: list[SessionRow] = []
    for i in range(160):
        wrong = random.random() < 0.3
        said = ("guaranteed",) if wrong else ("likely",)
        own = StepTerms(agent="second", step="agent:second", added=said, dropped=(f"w{i % 7}",))
        rows.append(
            row(
                i,
                failing=feedback(random, wrong),
                traits={("second", "run.tokens"): 10.0 + wrong},
                terms=[own],
            )
        )
    result = contrast(cluster_on("second", "run.tokens", 11.0), rows, FAST)
    assert blamed(result)[:2] == ("second", "term:added:guaranteed")


def test_a_later_agent_s_input_triggers_nothing():
    """The tool of the third agent finds nothing because of what the first one said."""

    def consequence(random: stdlib.Random) -> tuple[Traits, bool]:
        new = random.random() < 0.4
        empty = random.random() < (0.6 if new else 0.05)
        traits = {
            ("first", "config.model=small"): float(new),
            ("third", "input.length"): random.random() * 10 if empty else 90 + random.random() * 10,
            ("third", "handoff.length"): 0.7 if empty else 0.2 * random.random(),
        }
        return traits, feedback(random, empty)

    result = contrast(cluster_on("first", "config.model=small"), chain(300, consequence), FAST)
    assert blamed(result)[:2] == ("first", "config.model=small")
    assert result.trigger is None


@pytest.mark.parametrize("complained", [True, False])
def test_what_sessions_lack_that_are_read_up_to_a_complaint_is_no_cause(complained: bool):
    """Healthy sessions come to a closing word; its lack counts only where all are read whole."""
    random = stdlib.Random(5)
    rows: list[SessionRow] = []
    for i in range(200):
        failing = random.random() < 0.3
        closed = not failing and random.random() < 0.6
        said = StepTerms(agent="only", step="agent:only", added=("farewell",) if closed else ())
        coded = float(random.random() < (0.2 if closed else 0.8))
        traits = {("only", "input.has_code"): coded}
        one = row(i, failing=failing, traits=traits, agents=("only",), terms=[said])
        symptom = trait("only", "symptom.user_corrects", 1.0, DetectorRole.SYMPTOM)
        shown = (*one.enrich.detections, *([symptom] if failing and complained else []))
        enriched = one.enrich.model_copy(update={"detections": shown})
        rows.append(one.model_copy(update={"enrich": enriched}))
    result = contrast(cluster_on("only", "input.has_code"), rows, FAST)
    assert blamed(result)[1] == (None if complained else "term:added:farewell")


def test_clusters_of_an_agent_share_one_test():
    rows = chain(200, by_chance)
    one = contrast(cluster_on("second", "handoff.order"), rows, FAST).blamed
    other = contrast(cluster_on("third", "handoff.additions"), rows, FAST).blamed
    assert one == other


def scored(name: str, t: float, agent: str = "a", depth: int = 1) -> Scored:
    return Scored(Tried(agent, "x", name), depth, 0, 0.5, t, 0.001)


@pytest.mark.parametrize(
    ("found", "rival", "along", "named"),
    [
        (scored("term:dropped:december", 9), scored("handoff.dates", 6), True, "handoff.dates"),
        (scored("term:dropped:december", 9), scored("handoff.dates", 6), False, None),
        (scored("term:dropped:must", 20), scored("handoff.dates", 6), True, None),
        (scored("handoff.length", 9), scored("handoff.numbers_changed", 6), True, "numbers"),
        (scored("handoff.order", 9), scored("handoff.dates", 9), True, None),
        (scored("run.span_error", 6), scored("handoff.hidden_error", 5), True, "hidden"),
        (scored("run.tokens", 9), scored("handoff.dates", 5, "b", 0), True, "handoff.dates"),
        (scored("run.tokens", 9), scored("handoff.dates", 5, "b", 0), False, "nothing"),
        (scored("run.tokens", 9), scored("handoff.dates", 5, "b", 2), False, None),
        (scored("term:added:new", 9), scored("handoff.dates", 9, "b", 0), True, None),
    ],
)
def test_a_finding_is_named_for_the_trait_that_says_most(
    found: Scored, rival: Scored, along: bool, named: str | None
):
    got = named_for(found, [found, rival], lambda _: along)
    if named == "nothing":
        assert got is None
    else:
        assert got is not None
        assert (named or found.tried.name) in got.tried.name


def test_the_order_of_the_rows_changes_nothing():
    rows = chain(120, by_trigger)
    shuffled = stdlib.Random(9).sample(rows, len(rows))
    cluster = cluster_on("second", "handoff.order", 0.4)
    assert contrast(cluster, rows, FAST) == contrast(cluster, shuffled, FAST)


def test_too_few_healthy_sessions_name_nothing():
    rows = [row(i, failing=i > 5, traits={("second", "run.loop"): 3.0}) for i in range(30)]
    result = contrast(cluster_on("second", "run.loop", 3.0), rows, FAST)
    assert result.blamed is None
    assert "healthy" in result.reason


def test_permuted_labels_stay_in_their_stratum_and_blocks_stay_whole():
    block_of = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7])
    strata = np.array([0] * 8 + [1] * 4)
    for chunk in Shuffle(block_of, strata, seed=5).draw(50):
        for order in chunk:
            assert sorted(order[:8]) == list(range(8))
            assert all(block_of[order[i]] == block_of[order[i + 1]] for i in (0, 2, 4, 6))


def test_blocks_of_odd_sizes_take_another_block_s_labels_from_its_beginning():
    sizes = [5, 3, 2]
    block_of = np.repeat(np.arange(3), sizes)
    starts = np.array([0, 5, 8])
    for order in next(Shuffle(block_of, np.zeros(10, int), seed=5).draw(40)):
        sources = [block_of[order[block_of == b]] for b in range(3)]
        assert sorted(int(s[0]) for s in sources) == [0, 1, 2]
        assert all(len(set(s.tolist())) == 1 for s in sources)
        assert all(order[starts[b]] == starts[sources[b][0]] for b in range(3))


def test_blocks_make_p_larger_than_sessions_would():
    random = np.random.default_rng(6)
    blocks = np.repeat(np.arange(12), 10)
    x = np.repeat(random.normal(size=12), 10)
    y = np.repeat(random.random(12) < 0.5, 10).astype(float)
    x, y = (v - v.mean() for v in (x, y))
    matrix = (x / np.linalg.norm(x))[:, None].astype(np.float32)
    labels = (y / np.linalg.norm(y)).astype(np.float32)
    p = {
        name: max_t(
            matrix, [LabelSet(labels, np.array([0]))], Shuffle(b, np.zeros(120, int), 1), 999
        ).p[0]
        for name, b in (("whole", blocks), ("single", np.arange(120)))
    }
    assert p["whole"] > p["single"]


def test_strata_take_out_the_trigger():
    trigger = np.r_[np.arange(1.0, 9), np.arange(11.0, 19)]
    strata = (trigger > 10).astype(int)
    left = within(np.column_stack([trigger, np.repeat([5.0, 1.0], 8)]), strata, trigger[:, None])
    assert np.allclose(left, 0.0)
    failing: Sequence[bool] = [False] * 8 + [True] * 8
    assert best_cut(trigger, np.array(failing)) == 11.0


def test_votes_of_humans_outweigh_symptoms_in_the_rows_of_these_tests():
    assert row(1, failing=True, traits={}).verdict.confirmed
    assert row(2, failing=False, traits={}, votes=[vote(False)]).verdict.confirmed


def test_a_weaker_fault_is_found_beside_a_stronger_one():
    def two(random: stdlib.Random) -> tuple[Traits, bool]:
        loud, quiet = random.random() < 0.35, random.random() < 0.12
        traits = {
            ("second", "handoff.hidden_error"): float(loud),
            ("first", "handoff.units"): float(quiet),
            **{("third", f"handoff.t{i}"): random.random() for i in range(30)},
        }
        return traits, random.random() < (0.9 if loud else 0.45 if quiet else 0.01)

    result = contrast(cluster_on("first", "handoff.units"), chain(150, two, seed=2), FAST)
    assert blamed(result)[:2] == ("first", "handoff.units")
    assert "sessions of another fault: second, handoff.hidden_error" in result.tried[0]
