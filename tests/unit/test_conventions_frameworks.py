"""Spans of every convention and framework become the same steps, whether seen before or not."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pipeline.conventions.registry import CONVENTIONS
from pipeline.conventions.steps import read_steps
from pipeline.model.span import SpanEvent, SpanStatus
from pipeline.model.step import Role, Step, StepKind
from tests.unit.framework_spans import CHAT, MODEL_CALLS, TOOLS
from tests.unit.genai_spans import span
from tests.unit.provider_shapes import ANSWERS, ARGUMENTS, ASKED, REQUESTS, RULES, SAID
from tests.unit.test_conventions import assert_exact


def one(attributes: Mapping[str, Any], name: str = "call", **more: Any) -> Step:
    spans = (span("s", name, 1, 2, attributes, **more),)
    assert_exact(spans)
    (step,) = read_steps(spans)
    return step


def texts(step: Step) -> tuple[list[str], list[tuple[Role, str]], str]:
    said = [(m.role, m.content.text) for m in step.inputs]
    return [s.text for s in step.system], said, "".join(m.content.text for m in step.outputs)


class TestShapes:
    """Any provider's request and answer, under names that no convention owns."""

    @pytest.mark.parametrize("shape", REQUESTS)
    @pytest.mark.parametrize("names", ["input.value", "acme.llm.input", "mlflow.spanInputs"])
    def test_requests(self, shape: str, names: str):
        step = one({"acme.type": "llm", names: json.dumps(REQUESTS[shape])})
        assert texts(step)[:2] == ([RULES], [(Role.USER, ASKED)])

    @pytest.mark.parametrize("shape", ANSWERS)
    @pytest.mark.parametrize("structured", [False, True])
    def test_answers(self, shape: str, structured: bool):
        answer = ANSWERS[shape] if structured else json.dumps(ANSWERS[shape])
        step = one({"run_type": "llm", "acme.output": answer})
        assert texts(step)[2] == SAID
        (call,) = step.tool_calls
        assert (call.name, call.arguments and json.loads(call.arguments.text)) == (
            "look_up",
            ARGUMENTS,
        )

    @pytest.mark.parametrize(
        "result",
        [
            {"role": "tool", "tool_call_id": "c1", "content": SAID},
            {"type": "function_call_output", "call_id": "c1", "output": SAID},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": SAID}]},
            {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": SAID}]}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": SAID}]}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": SAID}}]},
            {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c", "toolName": "f",
                                          "output": {"type": "text", "value": SAID}}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": SAID}]},
            {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "ToolMessage"],
             "kwargs": {"content": SAID, "tool_call_id": "c"}},
        ],
    )  # fmt: skip
    def test_tool_results_in_a_conversation(self, result: dict[str, Any]):
        request = {"messages": [{"role": "user", "content": ASKED}, result]}
        step = one({"run_type": "llm", "acme.input": json.dumps(request)})
        assert texts(step)[1] == [(Role.USER, ASKED), (Role.TOOL, SAID)]

    def test_what_fits_no_shape_is_one_text(self):
        request = json.dumps({"product": "socks", "era": "baroque"})
        step = one({"run_type": "chain", "acme.input": request, "acme.output": "ok"})
        assert texts(step)[1:] == ([(Role.USER, request)], "ok")

    def test_a_json_string_is_read_without_its_quotes(self):
        step = one({"mlflow.spanType": '"LLM"', "mlflow.spanOutputs": json.dumps(SAID)})
        assert (step.outputs[0].content.field, texts(step)[2]) == ("mlflow.spanOutputs", SAID)
        two_lines = "one\ntwo"
        step = one({"mlflow.spanType": '"LLM"', "mlflow.spanOutputs": json.dumps(two_lines)})
        assert (step.outputs[0].content.field, texts(step)[2]) == ("mlflow.spanOutputs/", two_lines)


class TestFrameworks:
    @pytest.mark.parametrize("framework", MODEL_CALLS)
    def test_model_calls(self, framework: str):
        name, attributes = MODEL_CALLS[framework]
        step = one(attributes, name)
        assert (step.kind, step.key, step.model) == (StepKind.LLM, step.key, "m-1")
        assert texts(step) == ([RULES], [(Role.USER, ASKED)], SAID)
        assert (step.input_tokens, step.output_tokens) == (7, 5)

    @pytest.mark.parametrize("framework", TOOLS)
    def test_tools(self, framework: str):
        name, attributes = TOOLS[framework]
        step = one(attributes, name)
        assert (step.kind, step.key, step.agent) == (StepKind.TOOL, "tool:look_up", "agent")
        assert [json.loads(m.content.text) for m in step.inputs] == [ARGUMENTS]
        assert texts(step)[2] == SAID

    def test_strands_tells_a_tool_by_two_events(self):
        given, answered = json.dumps(ARGUMENTS), json.dumps([{"text": SAID}])
        events = (
            SpanEvent(name="gen_ai.tool.message", time=1, attributes={"content": given}),
            SpanEvent(name="gen_ai.choice", time=2, attributes={"message": answered}),
        )
        attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look_up"}
        step = one(attributes, "execute_tool look_up", events=events)
        assert (json.loads(step.inputs[0].content.text), texts(step)[2]) == (ARGUMENTS, SAID)

    @pytest.mark.parametrize(
        ("name", "attributes"),
        [
            ("x", {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "orders"}),
            ("invoke_agent orders", {"gen_ai.operation.name": "invoke_agent"}),
            ("x", {"openinference.span.kind": "AGENT", "agent.name": "orders"}),
            ("x", {"openinference.span.kind": "AGENT", "graph.node.id": "orders"}),
            ("orders.run", {"openinference.span.kind": "AGENT", "input.value": "x"}),
            ("orders", {"openinference.span.kind": "CHAIN", "metadata": '{"lc_agent_name": "orders"}'}),
            ("orders.agent", {"traceloop.span.kind": "agent", "traceloop.entity.name": "orders"}),
            ("ai.generateText", {"ai.operationId": "ai.generateText", "ai.telemetry.functionId": "orders"}),
            ("orders", {"langfuse.observation.type": "agent", "langfuse.observation.input": "x"}),
            ("agent run", {"agent_name": "orders", "model_name": "m", "all_messages_events": "[]"}),
            ("Agent run: {name!r}", {"name": "orders", "logfire.msg": "x"}),
            ("agent_turn", {"lk.agent_name": "orders", "lk.user_input": "x"}),
            ("run", {"acme.type": "agent", "acme.agent_name": "orders", "acme.input": "x"}),
        ],
    )  # fmt: skip
    def test_agents_by_name(self, name: str, attributes: dict[str, Any]):
        inner = span("c", "chat", 1.2, 1.3, {"gen_ai.operation.name": "chat"}, parent="s")
        steps = read_steps([span("s", name, 1, 2, attributes, parent=None), inner])
        assert [(s.kind, s.agent) for s in steps] == [
            (StepKind.AGENT, "orders"),
            (StepKind.LLM, "orders"),
        ]

    def test_a_name_that_is_an_id_names_nobody(self):
        uuid = "171105b7-59dd-49c0-9677-0b95395aa46a"
        attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": uuid}
        resource = {"service.name": "shop"}
        assert one(attributes, f"invoke_agent {uuid}", resource=resource).agent == "shop"

    @pytest.mark.parametrize(
        "attributes",
        [
            {"http.request.method": "POST", "url.full": "http://x", "http.response.status_code": 200},
            {"db.system": "postgresql", "db.query.text": "select 1", "db.response.rows": 3},
            {"rpc.system": "grpc", "rpc.method": "Get", "message.type": "SENT", "message.id": 1},
            {"messaging.operation": "process", "messaging.message.id": "7"},
            {"input": "x", "output": "y"},
            {},
        ],
    )  # fmt: skip
    def test_other_spans_are_no_steps(self, attributes: dict[str, Any]):
        assert read_steps([span("s", "POST", 1, 2, attributes)]) == ()

    def test_the_order_of_conventions_is_visible(self):
        names = [c.name for c in CONVENTIONS]
        assert (names[0], names[-1]) == ("OpenTelemetry GenAI", "any other, by names")
        assert len(set(names)) == len(names)


class TestComplements:
    def test_conventions_on_one_span_fill_each_other(self):
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-1",
                      "langfuse.observation.type": "span", "langfuse.observation.input": CHAT["in"],
                      "langfuse.observation.output": SAID, "openinference.span.kind": "CHAIN"}  # fmt: skip
        step = one(attributes)
        assert (step.kind, step.model) == (StepKind.LLM, "m-1")
        assert texts(step) == ([RULES], [(Role.USER, ASKED)], SAID)

    def test_a_call_traced_by_two_libraries_is_one_step(self):
        outer = span("o", "ChatOpenAI", 1, 3, MODEL_CALLS["OpenInference"][1])
        bare = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m-1",
                "gen_ai.response.finish_reasons": ["stop"]}  # fmt: skip
        (step,) = read_steps([outer, span("i", "chat m-1", 1.5, 2, bare, parent="o")])
        assert (step.span_id, step.finish_reasons) == ("o", ("stop",))
        beside = span("i", "chat m-1", 1.5, 2, bare, scope="sdk")
        assert [s.span_id for s in read_steps([outer, beside])] == ["o"]

    def test_a_call_around_several_is_a_workflow(self):
        spans = [span("o", "answer", 1, 9, MODEL_CALLS["Langfuse"][1])]
        spans += [
            span(f"c{i}", "chat", 2 + i, 3 + i, MODEL_CALLS["LangSmith"][1], parent="o")
            for i in range(2)
        ]
        kinds = [s.kind for s in read_steps(spans)]
        assert kinds == [StepKind.WORKFLOW, StepKind.LLM, StepKind.LLM]

    def test_a_late_answer_belongs_to_its_call(self):
        asked = {"gen_ai.operation.name": "chat", "request_data": json.dumps(REQUESTS["openai"])}
        late = {**asked, "response_data": json.dumps({"combined_chunk_content": SAID}),
                "logfire.span_type": "log"}  # fmt: skip
        (step,) = read_steps([span("a", "Chat", 1, 2, asked), span("b", "stream", 5, 5, late)])
        assert (step.span_id, texts(step)[2], step.outputs[0].content.span_id) == ("a", SAID, "b")

    def test_the_first_call_of_an_agent_got_what_the_agent_got(self):
        agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "a",
                 "gen_ai.input.messages": CHAT["in"]}  # fmt: skip
        failed = span("c", "chat", 2, 3, {"gen_ai.operation.name": "chat"}, parent="a",
                      status=SpanStatus.ERROR, status_message="429")  # fmt: skip
        _, call = read_steps([span("a", "invoke_agent a", 1, 4, agent), failed])
        assert texts(call)[:2] == ([RULES], [(Role.USER, ASKED)])

    def test_langfuse_says_that_it_failed(self):
        step = one({"langfuse.observation.type": "generation", "langfuse.observation.input": "x",
                    "langfuse.observation.level": "ERROR",
                    "langfuse.observation.status_message": "429"})  # fmt: skip
        assert step.failed
        assert step.error is not None
        assert step.error.text == "429"
