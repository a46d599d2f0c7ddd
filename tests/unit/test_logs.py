"""Which log records become spans of a session, and that sending them again makes the same ones."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from exporter.logs import read_logs
from exporter.otlp_json_others import read_logs_request, read_metrics_request
from pipeline.conventions.invocations import read_invocations
from pipeline.conventions.steps import read_steps
from pipeline.model.step import StepKind
from pipeline.store.span_codec import decode_span
from tests.unit.otlp import TRACE, Scalar, any_value, attributes, span

CLAUDE_CODE = "com.anthropic.claude_code.events"


def record(event: str, time: int = 1000, **values: Scalar) -> LogRecord:
    """A record as Claude Code sends it; `__` in a keyword stands for a dot."""
    named = {key.replace("__", "."): value for key, value in values.items()}
    return LogRecord(
        time_unix_nano=time,
        body=any_value(f"claude_code.{event}"),
        attributes=attributes({"event.name": event, "session.id": "s"} | named),
    )


def logs(*records: LogRecord, scope: str = CLAUDE_CODE, **resource: Scalar) -> Any:
    message = ExportLogsServiceRequest()
    group = message.resource_logs.add()
    named = {key.replace("__", "."): value for key, value in resource.items()}
    group.resource.attributes.extend(attributes(named))
    inner = group.scope_logs.add()
    inner.scope.name = scope
    inner.log_records.extend(records)
    return message


def spans_of(message: Any) -> list[Span]:
    read = read_logs(message).request
    return [span for r in read.resource_spans for s in r.scope_spans for span in s.spans]


def values(span: Span) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in span.attributes}


def reasoning(**changes: Scalar) -> LogRecord:
    said = {"reasoning.text": "I think", "reasoning.message_id": "msg_1", "session.id": "s"}
    return LogRecord(
        time_unix_nano=5,
        event_name="kelet.reasoning",
        body=any_value("kelet.reasoning"),
        attributes=attributes(said | changes),
    )


def test_reasoning_is_kept_in_its_session_and_makes_no_step() -> None:
    (found,) = spans_of(logs(reasoning()))
    assert found.name == "kelet.reasoning"
    assert values(found)["reasoning.text"] == "I think"
    assert values(found)["session.id"] == "s"
    assert (found.start_time_unix_nano, found.end_time_unix_nano) == (5, 5)
    assert (len(found.trace_id), len(found.span_id)) == (16, 8)


def test_a_prompt_its_answer_and_its_tools_are_one_invocation() -> None:
    answer = {
        "model": "claude-x",
        "stop_reason": "end_turn",
        "content": [
            {"type": "thinking", "thinking": "<REDACTED>"},
            {"type": "tool_use", "id": "t", "name": "Read", "input": {"file": "a"}},
            {"type": "text", "text": "It is 42."},
        ],
    }
    message = logs(
        record("user_prompt", 10, prompt="What is it?", prompt__id="p"),
        record("api_request_body", 11, body='{"messages": []}', prompt__id="p"),
        record(
            "tool_result", 20_000_000, tool_name="Read", success="true", duration_ms="5",
            tool_input='{"file": "a"}', prompt__id="p",
        ),
        record("api_response_body", 30, body=json.dumps(answer), request_id="r", prompt__id="p"),
        record("api_request", 31, model="claude-x", input_tokens=3, prompt__id="p"),
        gen_ai__agent__name="coder", service__name="claude-code",
    )  # fmt: skip
    read = read_logs(message)
    assert (read.n_spans, read.n_discarded) == (4, 1)
    outer = read.request.resource_spans[0]
    decoded = [
        decode_span(s.SerializeToString(), outer.resource.SerializeToString(), b"")
        for s in outer.scope_spans[0].spans
    ]
    steps = read_steps(decoded)
    assert {s.kind for s in steps} == {StepKind.AGENT, StepKind.LLM, StepKind.TOOL}
    assert {s.agent for s in steps} == {"coder"}
    tool = next(s for s in steps if s.kind is StepKind.TOOL)
    assert (tool.name, tool.end - tool.start) == ("Read", 5_000_000)
    (invocation,) = read_invocations(steps)
    assert [m.content.text for m in invocation.inputs] == ["What is it?"]
    assert [m.content.text for m in invocation.outputs] == ["It is 42."]
    assert invocation.llm_steps[0].tool_calls[0].name == "Read"


def test_a_failed_tool_is_an_error() -> None:
    (found,) = spans_of(logs(record("tool_result", tool_name="Bash", success="false", error="no")))
    assert (found.status.code, found.status.message) == (Status.STATUS_CODE_ERROR, "no")


def test_what_carries_no_content_or_no_session_is_let_go() -> None:
    stray = reasoning()
    del stray.attributes[:]
    stray.attributes.extend(attributes({"reasoning.text": "whose?"}))
    message = logs(
        record("user_prompt", prompt="<REDACTED>", prompt_length=9),
        record("api_response_body", body_ref="/tmp/1.json"),
        record("api_request", model="m"),
        LogRecord(body=any_value("user logged in")),
        stray,
    )
    read = read_logs(message)
    assert (read.n_spans, read.n_discarded) == (0, 5)
    assert not read.request.resource_spans


def test_a_record_without_a_session_takes_that_of_its_span_or_of_its_process() -> None:
    traced = reasoning()
    del traced.attributes[1:]
    traced.trace_id, traced.span_id = bytes.fromhex(TRACE), span(7).span_id
    (found,) = spans_of(logs(traced))
    assert (found.trace_id, found.parent_span_id) == (traced.trace_id, traced.span_id)
    traced.trace_id = traced.span_id = b""
    (found,) = spans_of(logs(traced, gen_ai__conversation__id="home"))
    assert values(found)["gen_ai.conversation.id"] == "home"


def test_a_body_that_was_cut_off_is_kept_as_it_is() -> None:
    cut = '{"content": [{"type": "text", "text": "It is'
    (found,) = spans_of(logs(record("api_response_body", body=cut)))
    assert values(found)["body"] == cut
    assert "gen_ai.output.messages" not in values(found)


def test_the_same_answer_told_by_two_events_is_one_span() -> None:
    body = json.dumps({"content": [{"type": "text", "text": "Yes"}]})
    found = spans_of(
        logs(
            record("api_response_body", body=body, request_id="r"),
            record("assistant_response", response="Yes", request_id="r"),
        )
    )
    assert len({s.span_id for s in found}) == 1


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1, max_size=4))
def test_sent_again_it_is_the_same_and_other_records_are_others(given: list[Any]) -> None:
    records = [record("user_prompt", time, prompt=f"p{text}") for text, time in given]
    first, again = spans_of(logs(*records)), spans_of(logs(*records))
    assert first == again
    assert len({s.span_id for s in first}) == len(set(given))


def test_json_logs_and_metrics() -> None:
    given = {
        "resourceLogs": [
            {
                "resource": {"attributes": []},
                "scopeLogs": [
                    {
                        "scope": {"name": CLAUDE_CODE},
                        "logRecords": [
                            {"timeUnixNano": "7", "traceId": TRACE, "spanId": "", "novel": 1},
                            {"traceId": "zz"},
                            "no record",
                        ],
                    }
                ],
            }
        ]
    }
    read = read_logs_request(json.dumps(given))
    assert len(read.rejected) == 2
    (kept,) = read.request.resource_logs[0].scope_logs[0].log_records
    assert (kept.time_unix_nano, kept.trace_id.hex(), kept.span_id) == (7, TRACE, b"")
    metrics = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "a"}, {}]}]}]}
    assert read_metrics_request(json.dumps(metrics)) == 2
    assert read_metrics_request("{}") == 0
