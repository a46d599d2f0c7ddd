"""What follows a complaint is no evidence of a cause: traits are read before it, symptoms everywhere."""

from collections.abc import Sequence

import pytest

from pipeline.conventions.steps import read_steps
from pipeline.model.detection import DetectorRole
from pipeline.model.span import Span, SpanStatus
from pipeline.text.complaints import before_complaint
from tests.unit.genai_spans import SECOND, chat, conversation, enriched, message, root, span, tool

ASKED = "Move my 09:40 flight to 17 May, unless it costs more than 80 euros."
ANSWERED = "I moved the 09:40 flight to 19 May."
WRONG = "No, that's wrong. It was 17 May, and 12 suitcases!"


def traits(spans: Sequence[Span]) -> dict[tuple[str, str], float]:
    return {
        (d.step, d.name): d.value
        for d in enriched(spans).detections
        if d.role is DetectorRole.TRAIT
    }


def cut(spans: Sequence[Span]) -> float | None:
    """When the first step starts, in seconds, that a complaint took away."""
    steps = read_steps(spans)
    kept = {s.span_id for s in before_complaint(steps)}
    return min((s.start / SECOND for s in steps if s.span_id not in kept), default=None)


def long_chat(after: Sequence[Span] = (), **more: object) -> list[Span]:
    """One agent span around a chat of two turns, of which the second is the complaint."""
    attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "desk", **more}
    history = [message("user", ASKED), message("assistant", ANSWERED), message("user", WRONG)]
    return [
        root(),
        span("a", "invoke_agent desk", 1, 90, attributes, status=SpanStatus.ERROR),
        chat("c1", 2, history[:1], ANSWERED, parent="a", agent="desk"),
        chat("c2", 10, history, "Sorry, I cannot.", parent="a", agent="desk"),
        *after,
    ]


class TestCut:
    @pytest.mark.parametrize(
        "said", [WRONG, ASKED, "Never mind, I'll call someone.", "I said 17 May."]
    )
    def test_the_turn_that_holds_the_complaint(self, said: str):
        spans = conversation(ASKED, ANSWERED, said, "Sorry.", "And 3 bags", "Noted.")
        assert cut(spans) == 3

    def test_nobody_complains(self):
        assert cut(conversation(ASKED, ANSWERED, "Thanks, and a window seat", "Noted.")) is None

    def test_a_first_message_is_no_complaint(self):
        spans = conversation(WRONG, "Sorry.", "Thanks, and a window seat", "Noted.")
        assert cut(spans) is None
        assert before_complaint(read_steps(spans)) == read_steps(spans)

    def test_all_that_began_with_the_turn_is_after_it(self):
        spans = [root(), *conversation(ASKED, ANSWERED, WRONG, "Sorry.")[1:]]
        turn = span("w", "invoke_agent desk", 2.5, 9, {"gen_ai.operation.name": "invoke_agent"})
        spans[-1] = spans[-1].model_copy(update={"parent_id": "w"})
        assert cut([*spans, turn, tool("t", 2.6, "classify", "a complaint", parent="w")]) == 2.5

    def test_equal_times_cut_nothing(self):
        spans = [
            s.model_copy(update={"start": 0, "end": 0})
            for s in conversation(ASKED, ANSWERED, WRONG, "Sorry.")
        ]
        assert cut(spans) is None


class TestTraits:
    def test_are_those_of_the_session_before(self):
        spans = conversation(ASKED, ANSWERED, WRONG, "Sorry. 99 bags!", "Forget it.", "Bye.")
        before = conversation(ASKED, ANSWERED)
        assert traits(spans) == traits(before)

    def test_of_a_step_that_was_still_running(self):
        retries = [tool(f"t{i}", 11 + i, "refund", "Error: timeout", parent="a") for i in range(4)]
        found = traits(long_chat(retries, **{"gen_ai.usage.output_tokens": 4000}))
        assert found == traits(long_chat())
        assert found["agent:desk", "run.n_llm"] == 1
        assert found["agent:desk", "run.n_tools"] == 0
        assert found["agent:desk", "run.latency"] == 9
        assert ("agent:desk", "run.span_error") not in found
        assert ("agent:desk", "run.tokens") not in found

    def test_symptoms_are_read_from_the_whole_session(self):
        spans = conversation(ASKED, ANSWERED, WRONG, "Sorry.", "Forget it.", "Bye.")
        names = {d.name for d in enriched(spans).detections if d.role is DetectorRole.SYMPTOM}
        assert names == {"symptom.user_corrects", "symptom.user_gives_up"}
