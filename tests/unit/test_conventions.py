"""Spans of the GenAI conventions, new and old, become the same steps; every field can be read back."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.conventions.quotes import is_text, read_field
from pipeline.conventions.steps import read_steps
from pipeline.model.evidence import Located
from pipeline.model.span import Span, SpanEvent, SpanStatus
from pipeline.model.step import Role, Step, StepKind
from pipeline.signals.enrich import enrich
from tests.unit.genai_spans import chat, message, root, span, tau_sessions, tool

WORDS = st.sampled_from(
    ["role", "content", "parts", "type", "text", "messages", "message", "tool_calls", "function", "name",
     "arguments", "id", "choices", "kwargs", "lc", "data", "output", "value", "a/b", "~", "", "0"]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from(["user", "assistant", "tool", "system", "text", "tool_call", "tool_result", '"x\\n"']),
)  # fmt: skip
SHAPES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.prompt", "gen_ai.completion",
     "gen_ai.prompt.0.content", "gen_ai.prompt.0", "gen_ai.operation.name", "gen_ai.tool.name",
     "gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "openinference.span.kind",
     "llm.input_messages.0.message.content", "llm.input_messages.0.message.tool_calls.0.tool_call",
     "input.value", "output.value", "traceloop.span.kind", "traceloop.entity.input", "mlflow.spanOutputs",
     "langfuse.observation.type", "langfuse.observation.output", "events", "request_data", "message",
     "ai.operationId", "ai.prompt", "ai.response.toolCalls", "content", "metadata", "tool_name", "result"]
)  # fmt: skip
KINDS = st.sampled_from(["chat", "execute_tool", "LLM", "TOOL", "AGENT", "CHAIN", "ai.toolCall"])
ATTRIBUTES = st.dictionaries(KEYS, SHAPES | SHAPES.map(json.dumps) | KINDS, max_size=8)


def located(step: Step) -> list[Located]:
    texts = [m.content for m in (*step.inputs, *step.outputs)]
    texts += [*step.system, *(c.arguments for c in step.tool_calls if c.arguments)]
    return texts + ([step.error] if step.error else [])


def assert_exact(spans: tuple[Span, ...]) -> int:
    by_id = {s.span_id: s for s in spans}
    texts = [t for step in read_steps(spans) for t in located(step)]
    for text in texts:
        stands = read_field(by_id[text.span_id], text.field)
        assert stands in (text.text, f'"{text.text}"')  # a JSON string may be the whole attribute
    return len(texts)


def only(one: Span) -> Step:
    (step,) = read_steps([one])
    return step


class TestGenAi:
    def test_the_current_convention(self):
        given_ = [message("user", "Hi"), message("tool", "42"), message("system", "Be kind")]
        one = only(chat("c", 1, given_, "Hello", system="Help", agent="desk"))
        assert (one.kind, one.key, one.agent) == (StepKind.LLM, "llm:chat", "desk")
        assert [(m.role, m.content.text) for m in one.inputs] == [
            (Role.USER, "Hi"),
            (Role.TOOL, "42"),
        ]
        assert [s.text for s in one.system] == ["Help", "Be kind"]
        assert one.outputs[0].content.field == "gen_ai.output.messages/0/parts/0/content"

    def test_structured_attributes_read_like_json_strings(self):
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": [message("user", "Hi")],
            "gen_ai.output.messages": ({"role": "assistant", "content": "Hello"},),
        }
        one = only(span("c", "chat", 1, 2, attributes))
        assert one.outputs[0].content.field == "gen_ai.output.messages/0/content"
        assert assert_exact((span("c", "chat", 1, 2, attributes),)) == 2

    def test_tool_calls_and_reasoning(self):
        parts = [
            {"type": "reasoning", "content": "hm"},
            {"type": "tool_call", "id": "x", "name": "book", "arguments": {"a": "é"}},
        ]
        out = json.dumps([{"role": "assistant", "parts": parts, "finish_reason": "tool_calls"}])
        one = only(
            span(
                "c", "chat", 1, 2, {"gen_ai.operation.name": "chat", "gen_ai.output.messages": out}
            )
        )
        assert one.outputs == ()
        assert one.finish_reasons == ("tool_calls",)
        assert one.tool_calls[0].arguments is not None
        assert one.tool_calls[0].arguments.text == '{"a": "é"}'

    def test_older_events(self):
        events = (
            SpanEvent(name="gen_ai.system.message", time=1, attributes={"content": "Help"}),
            SpanEvent(name="gen_ai.user.message", time=1, attributes={"content": "Hi"}),
            SpanEvent(
                name="gen_ai.choice",
                time=2,
                attributes={"message": '{"content": "Hello"}', "finish_reason": "stop"},
            ),
        )
        spans = (span("c", "chat", 1, 2, {"gen_ai.system": "openai"}, events=events),)
        (one,) = read_steps(spans)
        assert [m.content.field for m in one.inputs] == ["events/1/content"]
        assert [m.content.field for m in one.outputs] == ["events/2/message/content"]
        assert_exact(spans)

    def test_details_event_and_indexed_prompts(self):
        event = SpanEvent(
            name="gen_ai.client.inference.operation.details",
            time=1,
            attributes={"gen_ai.output.messages": json.dumps([message("assistant", "Hello")])},
        )
        detailed = span("c", "x", 1, 2, {"gen_ai.operation.name": "chat"}, events=(event,))
        flat = {"gen_ai.prompt.0.content": "Hi", "gen_ai.prompt.0.role": "user",
                "gen_ai.completion.0.content": "Hello"}  # fmt: skip
        for one in (detailed, span("c", "x", 1, 2, flat)):
            assert only(one).outputs[0].content.text == "Hello"
            assert_exact((one,))

    @pytest.mark.parametrize(
        "broken", ['[{"role": "user"', "", "plain", "null", '{"x": 1}', "[[]]", "7"]
    )
    def test_broken_json_is_one_text_or_none(self, broken: str):
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.prompt": broken,
            "gen_ai.completion": broken,
        }
        assert_exact((span("c", "chat", 1, 2, attributes),))

    def test_content_not_captured_is_not_an_empty_answer(self):
        silent = only(span("c", "chat", 1, 2, {"gen_ai.operation.name": "chat"}))
        empty = only(chat("c", 1, [], ""))
        assert (silent.outputs_recorded, empty.outputs_recorded) == (False, True)

    def test_keys_are_free_of_ids_and_counters(self):
        names = ["book", "book #3", "book-8f14e45fceea167a", "book 12", "book (2)", "book_20240501"]
        assert {only(tool("t", 1, n, "ok")).key for n in names} == {"tool:book"}

    def test_a_failed_tool_says_where_it_says_so(self):
        failed = only(tool("t", 1, "book", "x", status=SpanStatus.ERROR, status_message="no seats"))
        assert failed.error == Located(text="no seats", span_id="t", field="status.message")


class TestAgents:
    def test_own_name_then_ancestor_then_service(self):
        resource = {"service.name": "shop"}
        spans = [
            span("a", "invoke_agent", 1, 9, {"gen_ai.operation.name": "invoke_agent",
                 "gen_ai.agent.name": "outer"}, parent=None, resource=resource),
            chat("b", 2, [], "x", parent="a", resource=resource),
            chat("c", 3, [], "x", parent="a", agent="inner", resource=resource),
            chat("d", 4, [], "x", parent=None, resource=resource),
        ]  # fmt: skip
        assert [s.agent for s in read_steps(spans)] == ["outer", "outer", "inner", "shop"]

    def test_openinference_and_temporal_names(self):
        spans = [
            span("r", "RunActivity:score", 1, 9, {"temporalActivityID": "1"}, parent=None),
            chat("c", 2, [], "x", parent="r"),
            chat("n", 3, [], "x", parent=None, attributes={"graph.node.id": "planner"}),
        ]
        assert [s.agent for s in read_steps(spans)] == ["score", "score", "planner"]

    def test_an_activity_acts_for_the_only_agent_below_it(self):
        spans = [
            span("r", "RunActivity:summarize", 1, 9, {"temporalActivityID": "1"}, parent=None),
            chat("c", 2, [], "x", parent="r", agent="summarizer"),
        ]
        assert [(s.key, s.agent) for s in read_steps(spans)] == [
            ("activity:summarize", "summarizer"),
            ("llm:chat", "summarizer"),
        ]


class TestAttempts:
    @staticmethod
    def retried(*numbers: int | None, activity_id: str | None = "5") -> list[Step]:
        spans = [span("w", "RunWorkflow:Claims", 0, 99, {"temporalWorkflowID": "w"}, parent=None)]
        for index, number in enumerate(numbers):
            attributes: dict[str, object] = {"temporalRunID": "r", "temporalWorkflowID": "w"}
            attributes |= {"temporalActivityID": activity_id} if activity_id else {}
            attributes |= {"temporal.attempt": number} if number else {}
            spans += [
                span(
                    f"r{index}", "RunActivity:score", index + 1, index + 1.9, attributes, parent="w"
                ),
                chat(f"c{index}", index + 1.1, [], f"answer {index}", parent=f"r{index}"),
            ]
        return [s for s in read_steps(spans) if s.kind is not StepKind.WORKFLOW]

    def test_the_highest_attempt_wins(self):
        steps = self.retried(2, 1, 3)
        assert [(s.span_id, s.attempt, s.n_attempts) for s in steps] == [("r2", 3, 3), ("c2", 3, 3)]
        assert not steps[0].attempts_inferred

    def test_without_numbers_the_start_tells_and_the_step_says_so(self):
        steps = self.retried(None, None)
        assert [(s.span_id, s.n_attempts, s.attempts_inferred) for s in steps] == [
            ("r1", 2, True),
            ("c1", 2, True),
        ]

    def test_the_same_activity_called_twice_is_no_retry(self):
        steps = self.retried(1, 1, activity_id=None)
        assert [s.n_attempts for s in steps] == [1, 1, 1, 1]

    def test_without_the_activity_id_numbers_continue_a_chain(self):
        steps = self.retried(1, 1, 2, activity_id=None)
        assert [s.span_id for s in steps] == ["r0", "c0", "r2", "c2"]


class TestFields:
    def test_the_longest_key_wins_and_pointers_are_unescaped(self):
        one = span(
            "s", "x", 0, 1, {"a": '{"b": "short"}', "a/b": "long", "c": {"x/y": ["z"]}, "n": 1.5}
        )
        assert read_field(one, "a/b") == "long"
        assert read_field(one, "c/x~1y/0") == "z"
        assert read_field(one, "n") == "1.5"
        assert read_field(one, "c/x~1y") == '["z"]'
        assert not is_text(one, "c/x~1y")
        assert [read_field(one, f) for f in ("zz", "a/b/c", "c/x~1y/9", "c/x~1y/01", "")] == [
            None
        ] * 5

    @given(st.text(), st.text())
    def test_any_text_is_read_back(self, given_text: str, answer: str):
        assert_exact((root(), chat("c", 1, [message("user", given_text)], answer)))

    def test_recorded_sessions_are_read_back(self):
        assert sum(assert_exact(spans) for _, spans in tau_sessions(6)) > 800

    @settings(deadline=None, max_examples=25)
    @given(ATTRIBUTES, st.sampled_from(["", "gen_ai.choice", "gen_ai.user.message"]))
    @example({"events": [{"role": None, "content": False}]}, "gen_ai.user.message")
    @example({"events": [{"role": "user", "content": "a"}], "content": "b"}, "gen_ai.user.message")
    @example({"content": "b"}, "gen_ai.user.message")
    def test_whatever_stands_in_a_span_is_read_back(self, attributes: Any, event: str):
        events = (SpanEvent(name=event, time=1, attributes=attributes),) if event else ()
        spans = (span("s", "x", 1, 2, attributes, events=events), root())
        assert_exact(spans)
        enrich(read_steps(spans), spans)

    @given(st.permutations(range(6)))
    def test_the_order_of_spans_does_not_matter(self, order: list[int]):
        spans = [
            root(),
            *(chat(f"c{i}", 1 + i // 2, [message("user", str(i))], "x") for i in range(5)),
        ]
        assert read_steps([spans[i] for i in order]) == read_steps(spans)
