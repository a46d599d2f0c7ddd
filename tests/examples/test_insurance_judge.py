"""The demo's exit status: each thing that a finding may lack is noticed."""

from typing import Any

import pytest

from examples.insurance import judge

QUOTE = {"session_id": "C", "span_id": "ab", "field": "f", "quote": "q", "verified": True}
RATE = {"k": 30, "n": 36, "low": 0.68, "high": 0.92}
GOOD: dict[str, Any] = {
    "state": "open",
    "blamed_agent": "transcript-summarizer",
    "feature": "handoff.order",
    "evidence": [QUOTE] * 3,
    "failing": RATE,
    "healthy": {**RATE, "confirmed_n": 0, "presumed_n": 36},
    "prompt_patch": {"agent": "transcript-summarizer", "diff": "--- a\n+++ b\n@@\n x\n+y\n"},
    "n_sessions": 30,
}


def test_the_right_finding_lacks_nothing() -> None:
    assert judge.verdict([GOOD]) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "unconfirmed"),
        ("blamed_agent", "claim-scorer"),
        ("blamed_agent", None),
        ("feature", "handoff.numbers"),
        ("feature", None),
        ("evidence", [QUOTE, QUOTE, {**QUOTE, "verified": False}]),
        ("failing", {"k": 0, "n": 0, "low": 0.0, "high": 1.0}),
        ("healthy", {**RATE, "low": 0.95}),
        ("prompt_patch", None),
        ("prompt_patch", {"agent": "claim-scorer", "diff": "\n+x"}),
        ("prompt_patch", {"agent": "transcript-summarizer", "diff": ""}),
    ],
)
def test_what_is_missing_is_named(field: str, value: Any) -> None:
    assert judge.missing({**GOOD, field: value})


def test_no_finding_is_not_success() -> None:
    assert judge.verdict([]) == ["a finding"]


def test_blaming_the_scorer_beside_the_right_finding_is_not_success() -> None:
    assert judge.verdict([GOOD, {**GOOD, "blamed_agent": "claim-scorer"}])


def test_the_finding_that_lacks_least_is_shown() -> None:
    poor = {**GOOD, "state": "unconfirmed", "n_sessions": 90}
    assert judge.best([poor, GOOD]) is GOOD
