"""Invocations: what an agent was given, without repeating history, and who wrote it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conventions import authorship
from pipeline.conventions.authorship import read_authorship
from pipeline.conventions.invocations import Invocation, read_invocations
from pipeline.conventions.prompt_groups import prompt_group
from pipeline.conventions.steps import read_steps
from pipeline.model.span import Span
from tests.unit.genai_spans import agent, chat, conversation, message, root, span, tau_sessions

said = st.lists(
    st.sampled_from(["hail", "car", "claim", "rail", "noon"]), min_size=1, max_size=6
).map(" ".join)


def invocations(spans: list[Span]) -> tuple[Invocation, ...]:
    return read_invocations(read_steps(spans))


def texts(invocation: Invocation) -> list[str]:
    return [m.content.text for m in invocation.inputs]


def test_an_agent_span_is_one_invocation():
    (one,) = invocations([root(), *agent(1, "clerk", "Read this", "Done", [("look", "42")])])
    assert (one.agent, one.step, one.span_id) == ("clerk", "agent:clerk", "a1")
    assert texts(one) == ["Read this"]
    assert [m.content.span_id for m in one.tool_results] == ["a1t0"]
    assert [m.content.text for m in one.outputs] == ["Done"]


def test_a_conversation_without_agent_spans_is_one_invocation_with_turns():
    (one,) = invocations(conversation("Hi", "Hello", "Book it", "Booked"))
    assert one.step == "llm:chat"
    assert texts(one) == ["Hi", "Book it"]
    assert [[m.content.text for m in t.inputs] for t in one.turns] == [["Hi"], ["Book it"]]
    assert [t.continues for t in one.turns] == [False, True]


def test_a_repeated_yes_is_heard_twice():
    (one,) = invocations(conversation("Hi", "Sure?", "yes", "Really?", "yes", "Done"))
    assert texts(one) == ["Hi", "yes", "yes"]


def test_unrelated_calls_of_an_agent_are_invocations_of_their_own():
    spans = [
        root(),
        *(chat(f"c{i}", 1 + i, [message("user", f"Item {i}")], "ok", agent="a") for i in range(3)),
    ]
    assert [texts(i) for i in invocations(spans)] == [["Item 0"], ["Item 1"], ["Item 2"]]


def test_a_nested_agent_owns_its_spans():
    outer, inner = agent(1, "outer", "Plan", "Planned"), agent(2, "inner", "Do", "Did")
    inner[0] = inner[0].model_copy(update={"parent_id": "a1"})
    assert [(i.agent, len(i.steps)) for i in invocations([root(), *outer, *inner])] == [
        ("outer", 2),
        ("inner", 2),
    ]


def test_an_agent_span_alone_is_enough():
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "a",
        "gen_ai.input.messages": '[{"role": "user", "content": "Hi"}]',
        "gen_ai.output.messages": '[{"role": "assistant", "content": "Hello"}]',
    }
    (one,) = invocations([span("s", "invoke_agent a", 1, 2, attributes, parent=None)])
    assert (texts(one), one.outputs[0].content.text) == (["Hi"], "Hello")


def test_recorded_chats_read_alike_with_and_without_agent_spans():
    for _, spans in tau_sessions(5):
        chats = [s for s in spans if s.attributes["gen_ai.operation.name"] != "invoke_agent"]
        (whole,), (bare,) = invocations(list(spans)), invocations(chats)
        assert (whole.inputs, whole.outputs, whole.turns) == (bare.inputs, bare.outputs, bare.turns)


class TestAuthorship:
    SUMMARY = "The hail cracked the windshield of the car. Then it slid into the guardrail."

    def test_what_another_agent_wrote_is_not_external(self):
        prompt = f"Score this claim:\n{self.SUMMARY}\nThe customer called on a Monday morning."
        spans = [
            root(),
            *agent(1, "summarizer", "a transcript", self.SUMMARY),
            *agent(2, "scorer", prompt, "x"),
        ]
        found = read_authorship(invocations(spans))
        assert found["a2"].upstream == ("summarizer|agent:summarizer",)
        assert [e.text for e in found["a2"].external] == [
            "Score this claim:",
            "The customer called on a Monday morning.",
        ]
        assert [e.text for e in found["a1"].external] == ["a transcript"]

    def test_a_label_is_recognised(self):
        spans = [
            root(),
            *agent(1, "sorter", "text", "collision"),
            *agent(2, "payer", "Type: collision", "x"),
        ]
        assert read_authorship(invocations(spans))["a2"].upstream == ("sorter|agent:sorter",)

    def test_a_user_who_answers_writes_himself(self):
        found = read_authorship(
            invocations(conversation("Hi", "economy or business?", "economy", "ok"))
        )
        (one,) = found.values()
        assert [e.text for e in one.external] == ["Hi", "economy"]
        assert one.upstream == ()

    @given(st.lists(st.tuples(st.sampled_from("abc"), said, said), min_size=2, max_size=12))
    def test_the_index_finds_whoever_wrote_it(self, talks: list[tuple[str, str, str]]):
        """Everything that some earlier answer holds, looked up one by one, is no part of the external."""
        spans = [root()]
        for n, (name, given_in, answer) in enumerate(talks, start=1):
            spans += agent(n, name, given_in, answer)
        known = invocations(spans)
        found = read_authorship(known)
        for one in known:
            earlier = [o for o in known if o.end <= one.start and o.agent != one.agent]
            answers = [f" {o.outputs[0].content.text} " for o in earlier if o.outputs]
            (given_in,) = texts(one)
            if len(given_in) > 2 and any(f" {given_in} " in answer for answer in answers):
                assert found[one.span_id].external == ()
            elif not any(word in answer for answer in answers for word in given_in.split()):
                own = [o for o in known if o.end <= one.start and o.agent == one.agent]
                if not own:
                    assert [e.text for e in found[one.span_id].external] == [given_in]

    def test_of_a_long_session_the_last_authors_are_known(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(authorship, "_BLOCK", 2)
        spans = [root()]
        for n in range(1, 9):
            spans += agent(n, f"writer{n}", f"task {n} of the morning", f"{self.SUMMARY} Part {n}.")
        spans += agent(9, "reader", "Then it slid into the guardrail.", "x")
        upstream = read_authorship(invocations(spans))["a9"].upstream
        assert upstream[-1] == "writer8|agent:writer8"
        assert len(upstream) < 8


class TestPromptGroups:
    BASE = (
        "You are a clerk at Acme.\nToday is Monday, May 20th 2024.\n"
        "Serve Mia Li (user mia_li_3668).\nKeep the order."
    )

    def test_dates_names_and_ids_do_not_make_a_group(self):
        other = self.BASE.replace("Monday, May 20th 2024", "Friday, June 3rd 2025")
        other = other.replace("Mia Li", "Omar Davis").replace("mia_li_3668", "omar_davis_17")
        assert prompt_group(other) == prompt_group(self.BASE)

    def test_an_instruction_makes_a_group(self):
        assert prompt_group(self.BASE + "\nNever guess.") != prompt_group(self.BASE)
        assert prompt_group(self.BASE.replace("Keep", "Ignore")) != prompt_group(self.BASE)


class TestWithoutAgentSpans:
    def test_calls_within_one_activity_are_one_invocation(self):
        activity = {"temporalActivityID": "1", "temporalRunID": "r"}
        spans = [
            span("r1", "RunActivity:write", 1, 5, activity, parent=None),
            chat("c1", 2, [message("user", "Plan it")], "A plan", parent="r1", agent="writer"),
            chat("c2", 3, [message("user", "Write it")], "A text", parent="r1", agent="writer"),
        ]
        (one,) = invocations(spans)
        assert (one.step, one.span_id, one.outputs[0].content.text) == ("llm:chat", "c2", "A text")
        assert texts(one) == ["Plan it", "Write it"]

    def test_structured_output_by_an_uncalled_tool_is_the_answer(self):
        part = {"type": "tool_call", "id": "1", "name": "final", "arguments": {"type": "theft"}}
        said = json.dumps([{"role": "assistant", "parts": [part]}])
        spans = [
            chat("c", 1, [message("user", "x")], "", attributes={"gen_ai.output.messages": said})
        ]
        (one,) = invocations(spans)
        assert [m.content.text for m in one.outputs] == ['{"type": "theft"}']
