"""Votes of people and labels outweigh symptoms; what contradicts itself is unknown."""

import json
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.session import EnrichResult, MergeResult
from pipeline.model.signal import Signal, SignalKind, SignalSource, Verdict, VerdictLabel, Vote
from pipeline.signals.merge import merge_signals
from pipeline.verdict import decide
from tests.unit.genai_spans import DATA

HUMAN, LABEL, SYNTHETIC = SignalSource.HUMAN, SignalSource.LABEL, SignalSource.SYNTHETIC


def signal(
    identity: str, score: float | None, source: SignalSource = HUMAN, **more: object
) -> Signal:
    fields = {
        "project": "p",
        "session_id": "s",
        "trace_id": None,
        "kind": SignalKind.FEEDBACK,
        **more,
    }
    return Signal.model_validate({"identity": identity, "source": source, "score": score, **fields})


def verdict(*signals: Signal, symptoms: tuple[str, ...] = (), completed: bool = True) -> Verdict:
    votes = tuple(
        Vote(source=SYNTHETIC, negative=True, weight=0.6, name=s, family=s) for s in symptoms
    )
    return decide(EnrichResult(votes=votes, completed=completed), merge_signals(signals))


def test_presumed_and_confirmed_health():
    presumed, confirmed = verdict(), verdict(signal("a", 1.0))
    assert (presumed.label, presumed.confirmed, presumed.sources) == (
        VerdictLabel.HEALTHY,
        False,
        (),
    )
    assert (confirmed.label, confirmed.confirmed, confirmed.sources) == (
        VerdictLabel.HEALTHY,
        True,
        (HUMAN,),
    )
    assert confirmed.confidence > presumed.confidence


def test_unknown_when_open_silent_or_contradictory():
    assert verdict(completed=False).label is VerdictLabel.UNKNOWN
    assert verdict(signal("a", 1.0), signal("b", 0.0, LABEL)).label is VerdictLabel.UNKNOWN


def test_a_label_decides_even_an_open_session():
    assert verdict(signal("a", 0.0, LABEL), completed=False).label is VerdictLabel.FAILING


@pytest.mark.parametrize(
    ("score", "label"), [(0.0, "failing"), (0.49, "failing"), (0.5, "healthy"), (1.0, "healthy")]
)
def test_half_is_positive(score: float, label: str):
    assert verdict(signal("a", score)).label.value == label


def test_people_outweigh_symptoms_which_lower_the_confidence():
    sure, doubted = (
        verdict(signal("a", 1.0)),
        verdict(signal("a", 1.0), symptoms=("symptom.refusal", "x", "y")),
    )
    assert doubted.label is VerdictLabel.HEALTHY
    assert 0 < doubted.confidence < sure.confidence
    assert doubted.sources == (HUMAN,)


def test_a_symptom_alone_is_a_suspicion_and_can_be_left_out():
    votes = (Vote(source=SYNTHETIC, negative=True, weight=0.5, name="r", family="symptom.refusal"),)
    enriched = EnrichResult(votes=votes, completed=True)
    suspected = decide(enriched, MergeResult())
    assert (suspected.label, suspected.sources, suspected.confirmed) == (
        VerdictLabel.FAILING,
        (SYNTHETIC,),
        False,
    )
    assert decide(enriched, MergeResult(), "symptom.refusal").label is VerdictLabel.HEALTHY
    assert decide(enriched, MergeResult(), "symptom.other") == suspected


class TestMerge:
    def test_a_repeated_signal_is_one_vote(self):
        assert len(merge_signals([signal("a", 0.0), signal("b", 0.1), signal("a", 0.0)]).votes) == 1

    def test_a_turned_thumb_counts_as_it_stands_last(self):
        votes = merge_signals([signal("a", 0.0, timestamp=5), signal("b", 1.0, timestamp=9)]).votes
        assert [v.negative for v in votes] == [False]

    def test_without_timestamps_both_remain(self):
        assert len(merge_signals([signal("a", 0.0), signal("b", 1.0)]).votes) == 2

    def test_no_score_is_no_vote(self):
        assert merge_signals([signal("a", None)]).votes == ()

    def test_confidence_is_the_weight(self):
        assert merge_signals([signal("a", 0.0, confidence=0.3)]).votes[0].weight == 0.3

    def test_the_order_of_arrival_changes_nothing(self):
        signals = [
            signal("a", 0.0),
            signal("b", 1.0, timestamp=4),
            signal("c", 0.7, LABEL, trigger_name="x"),
            signal("d", 0.2, SYNTHETIC, confidence=0.9),
        ]
        assert len({merge_signals(p).model_dump_json() for p in permutations(signals)}) == 1


scores = st.tuples(st.floats(0, 1), st.sampled_from(SignalSource), st.floats(0, 1) | st.none())


@given(st.lists(scores, max_size=6), st.booleans())
def test_confidence_is_a_share_and_unknown_has_none(
    given_: list[tuple[float, SignalSource, float | None]], done: bool
):
    signals = [
        signal(str(i), s, source, confidence=c, trigger_name=str(i))
        for i, (s, source, c) in enumerate(given_)
    ]
    one = verdict(*signals, completed=done)
    assert 0 <= one.confidence <= 1
    assert (one.label is VerdictLabel.UNKNOWN) <= (one.confidence == 0)


def test_recorded_labels_are_followed():
    lines = (DATA / "tau-airline.signals.jsonl").read_text().splitlines()
    signals = [
        signal(
            str(i),
            json.loads(line)["score"],
            LABEL,
            kind=SignalKind.METRIC,
            trigger_name="task-reward",
        )
        for i, line in enumerate(lines)
    ]
    assert Counter(verdict(s).label.value for s in signals) == {"failing": 116, "healthy": 84}
