"""Symptoms vote only where a user answers an agent; run, config and input traits are recorded."""

import json
from collections import Counter

import pytest

from pipeline.model.detection import Detection, DetectorRole
from pipeline.model.span import Span, SpanStatus
from pipeline.signals.detectors.inputs import label_switches, speaker_labels
from pipeline.signals.detectors.run import is_error_text
from tests.unit.genai_spans import (
    agent,
    chat,
    conversation,
    enriched,
    handed,
    message,
    root,
    span,
    tau_sessions,
    tool,
)

OPENING = ("Book a flight to Oslo", "I booked you a flight to Osaka.")


def names(spans: list[Span]) -> list[str]:
    return [d.name for d in enriched(spans).detections if d.role is not DetectorRole.TRAIT]


def found(spans: list[Span], name: str) -> Detection:
    return next(d for d in enriched(spans).detections if d.name == name)


class TestUser:
    @pytest.mark.parametrize(
        "said",
        [
            "No, that's wrong. Oslo!",
            "That's not what I asked for",
            "I said Oslo.",
            "Sorry, but I already told you: Oslo.",
            "You misunderstood, I need Oslo",
            "Hmm. There must be a mistake here.",
            "Das stimmt nicht, ich will nach Oslo",
        ],
    )
    def test_corrects(self, said: str):
        assert names(conversation(*OPENING, said, "Sorry")) == ["symptom.user_corrects"]

    @pytest.mark.parametrize(
        "said",
        ["Never mind.", "Forget it, I'll call someone", "I give up", "ok, I'll just do it myself"],
    )
    def test_gives_up(self, said: str):
        assert names(conversation(*OPENING, said, "Bye")) == ["symptom.user_gives_up"]

    def test_repeats(self):
        again = "Please book the cheapest morning flight to Oslo for me"
        spans = conversation(again, "Where to?", again + "!", "Done")
        assert names(spans) == ["symptom.user_repeats"]

    @pytest.mark.parametrize(
        "said",
        [
            "Yes, that's right.",
            "Great, that's what I wanted",
            "Is it wrong to book today? No problem if so.",
            "My friend said you're nice",
            "If that's not possible, pick another day.",
            "No, thank you.",
            "I never mind a window seat. I'll call you back",
        ],
    )
    def test_a_content_user_is_no_symptom(self, said: str):
        assert names(conversation(*OPENING, said, "Fine")) == []

    def test_a_transcript_that_is_handed_in_is_no_complaint(self):
        transcript = "Customer: No, that's wrong! Forget it.\nAgent: I cannot help with that."
        assert (
            names([root(), *agent(1, "summarizer", transcript, "The customer complained.")]) == []
        )

    def test_the_complaint_stands_where_it_was_said(self):
        detection = found(
            conversation(*OPENING, "No, that's wrong. Oslo!", "Sorry"), "symptom.user_corrects"
        )
        assert (detection.span_id, detection.step, detection.family) == (
            "c2",
            "llm:chat",
            detection.name,
        )
        assert [p.text for p in detection.passages] == ["No, that's wrong.", OPENING[1]]


class TestAnswers:
    @pytest.mark.parametrize(
        "said",
        ["I'm sorry, but I can't help with that.", "As an AI language model, I cannot do this."],
    )
    def test_refusal(self, said: str):
        spans = [root(), *agent(1, "a", "Write it", said)]
        assert names(spans) == ["symptom.refusal"]
        assert found(spans, "symptom.refusal").role is DetectorRole.BOTH

    @pytest.mark.parametrize(
        "said",
        [
            "I'm sorry, but the ticket is non-refundable.",
            "I can't find the order; here is what I can do.",
        ],
    )
    def test_a_negative_answer_is_no_refusal(self, said: str):
        assert names([root(), *agent(1, "a", "Refund it", said)]) == []

    def test_empty_answer(self):
        assert names([root(), *agent(1, "a", "Write it", " ")]) == ["symptom.empty_output"]
        silent = span("c", "chat", 1, 2, {"gen_ai.operation.name": "chat"})
        assert names([root(), silent]) == []

    def test_failed_session(self):
        failed = root(status=SpanStatus.ERROR, status_message="boom")
        spans = [failed, *agent(1, "a", "Write it", "Done")]
        assert names(spans) == ["symptom.failed_session"]
        assert found(spans, "symptom.failed_session").passages[0].text == "boom"

    def test_completed_needs_an_answer_at_the_end_of_every_trace(self):
        spans = agent(1, "a", "Write it", "Done")
        assert enriched([root(), *spans]).completed
        assert enriched(spans).completed, "a parent that is never exported keeps nothing open"
        unanswered = [*spans, *agent(10, "b", "Go on", "")]
        assert not enriched(unanswered).completed
        assert not enriched([root(), *agent(1, "a", "Write it", "")]).completed


class TestRun:
    @pytest.mark.parametrize(
        "text",
        [
            "Error: no seats",
            "HTTP 503 Service Unavailable",
            '{"error": "x"}',
            '{"status": "error", "detail": 1}',
            '{"success": false}',
            "ValueError: bad",
            "Traceback (most recent call last):",
            "User not found",
            "Request timed out",
            "TimeoutError",
        ],
    )
    def test_error_texts(self, text: str):
        assert is_error_text(text)

    @pytest.mark.parametrize(
        "text",
        ["", "12", '{"error": null, "rows": 3}', "The error rate is 2 %", "[]", "Flight 404 is on time",
         '{"code": 200}', "Errors were corrected in 2020", "None"],
    )  # fmt: skip
    def test_results_that_are_none(self, text: str):
        assert not is_error_text(text)

    def test_errors_stand_on_the_step_that_failed(self):
        spans = [
            root(),
            *agent(
                1, "a", "Book", "Failed, sorry", [("book", "Error: full"), ("book", "Error: full")]
            ),
            tool(
                "x",
                1.2,
                "pay",
                "declined",
                parent="a1",
                status=SpanStatus.ERROR,
                status_message="declined",
            ),
        ]
        texts, failed = found(spans, "run.tool_error_text"), found(spans, "run.span_error")
        assert (texts.step, texts.value) == ("tool:book", 2)
        assert (failed.step, failed.value, failed.passages[0].field) == (
            "tool:pay",
            1,
            "status.message",
        )

    def test_loops(self):
        spans = [root(), *agent(1, "a", "Find it", "Nothing", [("find", "none")] * 3)]
        assert found(spans, "run.loop").value == 3
        assert "run.loop" not in {
            d.name for d in enriched([root(), *agent(1, "a", "x", "y")]).detections
        }

    def test_truncation(self):
        cut = {"gen_ai.response.finish_reasons": ["length"]}
        assert (
            found([root(), chat("c", 1, [], "It was", attributes=cut)], "run.truncated").confidence
            == 1.0
        )
        open_end = {"gen_ai.usage.output_tokens": 512}
        said = "word " * 40 + "and then the"
        assert (
            found([root(), chat("c", 1, [], said, attributes=open_end)], "run.truncated").confidence
            == 0.5
        )

    def test_retries_counts_and_config(self):
        activity = {"temporalActivityID": "1", "temporalRunID": "r"}
        spans = [root()]
        for i in (1, 2):
            attributes = {**activity, "temporal.attempt": i}
            spans.append(span(f"r{i}", "RunActivity:score", i, i + 0.9, attributes))
            model = {"gen_ai.request.model": "gpt", "gen_ai.usage.input_tokens": 7}
            spans.append(chat(f"c{i}", i + 0.1, [message("user", "x")], "y", parent=f"r{i}",
                              system="Be exact.", attributes=model))  # fmt: skip
        values = {(d.step, d.name): d.value for d in enriched(spans).detections}
        assert values["activity:score", "run.activity_retry"] == 1
        assert values["llm:chat", "run.n_llm"] == 1
        assert values["llm:chat", "run.tokens"] == 7
        assert values["llm:chat", "config.model=gpt"] == 1
        assert sum(name.startswith("config.prompt=") for _, name in values) == 1


class TestInputs:
    def test_interleaved_speakers(self):
        lines = ["Customer: a b", "Agent: c", "Customer: d", "Agent: e"]
        shape = {d.name: d.value for d in handed("\n".join(lines), "ok then").values()}
        assert (shape["input.label_switches"], shape["input.n_labels"], shape["input.n_lines"]) == (
            3,
            2,
            4,
        )
        grouped = handed("\n".join(sorted(lines)), "ok then")
        assert grouped["input.label_switches"].value == 1

    def test_field_names_are_no_speakers(self):
        assert label_switches(speaker_labels("Name: Mia\nDate: today\nCity: Oslo")) == 0

    @pytest.mark.parametrize(
        "text",
        [
            "[10:01] Ann: hi\n[10:02] Bob: hello\n[10:03] Ann: bye\n[10:04] Bob: bye",
            json.dumps([{"speaker": s, "text": "x"} for s in ("Ann", "Bob", "Ann", "Bob")]),
            "Ann: hi there, how was the trip? Bob: it was fine, thank you. Ann: good to hear that. Bob: bye now.",
            "**Ann:** hi\n\n**Bob:** hello\n\n**Ann:** bye\n\n**Bob:** bye",
        ],
    )
    def test_spellings_of_speakers(self, text: str):
        assert label_switches(speaker_labels(text)) == 3

    def test_only_what_comes_from_outside_counts(self):
        said = "The customer paid 120 EUR on 3 May and 80 EUR on 7 May in the shop."
        spans = [root(), *agent(1, "a", said + " Really.", said), *agent(2, "b", said, "ok")]
        inputs = [d for d in enriched(spans).detections if d.family == "input"]
        assert {d.agent for d in inputs} == {"a"}


def test_symptoms_are_rare_in_recorded_chats():
    seen = Counter(n for _, spans in tau_sessions(10) for n in names(list(spans)))
    assert not seen


def test_the_worst_occurrence_is_kept():
    spans = [
        root(),
        *agent(1, "a", "x", "y", [("t", "1")]),
        *agent(2, "a", "x2", "y", [("t", "1"), ("t", "2")]),
    ]
    calls = [d for d in enriched(spans).detections if d.name == "run.n_tools"]
    assert [(d.value, d.span_id) for d in calls] == [(2, "a2")]
