"""The example application really has its fault, only that fault, and a prompt can really cure it."""

from collections import Counter

import pytest

from examples.insurance.calls import Call, make_calls
from examples.insurance.feedback import complains
from examples.insurance.model import complete, summarize
from examples.insurance.prompts import scorer_prompt, summarizer_prompt
from examples.insurance.scoring import read_claim_type

CALLS = make_calls(300)

TOGETHER = """\
Agent: Claims line, good morning.
Maria: Hello, I want to report a claim. I was in the kitchen.
Tom: Then lightning struck about 5 yards from the shed.
Maria: I called the neighbour, Harper, straight away.
Tom: We carried the radio out.
Maria: After that the old oak came down across the driveway.
Agent: Thank you."""


def claim_type(call: Call, extra: str = "") -> str:
    """The result of both agents on one call."""
    summary = complete(summarizer_prompt(call.date) + extra, call.transcript).text
    return read_claim_type(complete(scorer_prompt(), summary).text)


def test_the_same_seed_makes_the_same_calls() -> None:
    assert make_calls(20) == CALLS[:20]
    assert make_calls(20, seed=8) != CALLS[:20]
    assert len({call.transcript for call in CALLS}) == len(CALLS)


def test_about_a_third_is_interleaved_and_only_some_of_those_go_wrong() -> None:
    wrong = [call for call in CALLS if claim_type(call) != call.right_type]
    interleaved = [call for call in CALLS if call.interleaved]
    assert 0.3 <= len(interleaved) / len(CALLS) <= 0.42
    assert 0.12 <= len(wrong) / len(CALLS) <= 0.25
    assert all(call.interleaved for call in wrong)
    assert len(wrong) < 0.75 * len(interleaved)


def test_no_claim_type_alone_gives_the_wrong_ones_away() -> None:
    wrong = Counter(claim_type(call) for call in CALLS if claim_type(call) != call.right_type)
    assert len(wrong) >= 10
    assert max(wrong.values()) < 0.25 * wrong.total()
    assert "unclear" not in wrong


def test_a_prompt_that_asks_for_the_order_cures_every_call() -> None:
    extra = "- Keep the events in the order in which they happened.\n"
    assert all(claim_type(call, extra) == call.right_type for call in CALLS)


def test_turns_are_grouped_by_speaker() -> None:
    summary = summarize(summarizer_prompt("2025-03-04"), TOGETHER)
    assert summary.index("oak") < summary.index("lightning")
    assert summary.count("Maria") == summary.count("Tom") == 1


@pytest.mark.parametrize(
    "instruction",
    [
        "Report the events in chronological order.",
        "Keep the original order of the statements.",
        "Preserve the sequence of what was said.",
        "State things in the same order as the input.",
        "Do not regroup what was said.",
    ],
)
def test_the_model_follows_an_instruction_to_keep_the_order(instruction: str) -> None:
    summary = summarize(summarizer_prompt("2025-03-04") + "- " + instruction, TOGETHER)
    assert summary.index("lightning") < summary.index("oak")


def test_a_summary_paraphrases_but_keeps_numbers_and_names() -> None:
    summary = summarize(summarizer_prompt("2025-03-04"), TOGETHER)
    assert "they called the neighbour, Harper" in summary.replace("They", "they")
    assert "about 5 yards" in summary
    assert "good morning" not in summary
    assert not any(line.split(": ")[-1] in summary for line in TOGETHER.splitlines())


def test_feedback_is_imperfect_in_both_directions() -> None:
    calls = make_calls(1500, seed=3)
    wrong = [complains(call, "something else", 3) for call in calls]
    right = [complains(call, call.right_type, 3) for call in calls]
    assert 0.55 <= sum(wrong) / len(calls) <= 0.65
    assert 0.015 <= sum(right) / len(calls) <= 0.045
