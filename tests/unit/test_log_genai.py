"""GenAI events as log records: their texts are found in the model call that they were logged in."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan

from exporter.logs import read_logs
from pipeline.conventions.quotes import read_field
from pipeline.conventions.steps import read_steps
from pipeline.model.step import Step, StepKind
from pipeline.store.span_codec import decode_span
from tests.unit.otlp import TRACE, span
from tests.unit.test_logs import logs

CALL = 7


def any_of(value: Any) -> AnyValue:
    """Any JSON value as `AnyValue`."""
    match value:
        case dict():
            pairs: Any = value.items()
            members = [{"key": key, "value": _json(inner)} for key, inner in pairs]
            return ParseDict({"kvlistValue": {"values": members}}, AnyValue())
        case list():
            items: Any = value
            return ParseDict({"arrayValue": {"values": [_json(v) for v in items]}}, AnyValue())
        case None:
            return AnyValue()
        case int():
            return AnyValue(int_value=value)
        case _:
            return AnyValue(string_value=value)


def _json(value: Any) -> Any:
    return MessageToDict(any_of(value))


def said(event: str, at: int, body: Any = None, *, parent: int = CALL, **given: Any) -> LogRecord:
    """A record of `gen_ai.<event>`; `__` in a keyword stands for a dot."""
    record = LogRecord(
        observed_time_unix_nano=at,
        event_name=f"gen_ai.{event}",
        body=any_of(body),
        trace_id=bytes.fromhex(TRACE),
        span_id=parent.to_bytes(8, "big") if parent else b"",
    )
    for key, value in given.items():
        record.attributes.add(key=key.replace("__", "."), value=any_of(value))
    return record


TOOL_CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"n": 1}'}}
ASKED = [
    said("system.message", 11, {"content": "Be kind."}),
    said("user.message", 12, {"content": "Where is it?"}),
    said("assistant.message", 13, {"tool_calls": [TOOL_CALL]}),
    said("tool.message", 14, {"content": "On its way.", "id": "c"}),
]
ANSWER = said(
    "choice", 19, {"index": 0, "finish_reason": "stop", "message": {"content": "It is on its way."}}
)
MODEL_CALL = span(CALL, parent=1, gen_ai__operation__name="chat", gen_ai__request__model="m")
ROOT = span(1, start=5, end=30, session__id="s")


def steps_of(records: Sequence[LogRecord], *traced: OtlpSpan) -> tuple[Step, ...]:
    """The steps; every text is read back from the span that holds it."""
    request = read_logs(logs(*records, scope="lib")).request
    made = [s for r in request.resource_spans for inner in r.scope_spans for s in inner.spans]
    stored = {s.span_id: s.SerializeToString(deterministic=True) for s in (*made, *traced)}
    spans = [decode_span(body, b"", b"") for body in stored.values()]
    steps, by_id = read_steps(spans), {s.span_id: s for s in spans}
    for step in steps:
        places = [m.content for m in (*step.inputs, *step.outputs)]
        for place in [*places, *step.system, *(c.arguments for c in step.tool_calls)]:
            assert place is not None
            assert read_field(by_id[place.span_id], place.field) == place.text
    return steps


def texts(step: Step) -> tuple[list[str], list[str], list[str]]:
    return (
        [place.text for place in step.system],
        [m.content.text for m in step.inputs],
        [m.content.text for m in step.outputs],
    )


SAID = (["Be kind."], ["Where is it?", "On its way."], ["It is on its way."])


@settings(max_examples=20)
@given(st.permutations([*ASKED, ANSWER, ASKED[1]]))
def test_the_call_has_its_texts_however_its_records_came(arrived: list[LogRecord]) -> None:
    (step,) = steps_of(arrived, ROOT, MODEL_CALL)
    assert (step.kind, step.span_id, step.model) == (StepKind.LLM, MODEL_CALL.span_id.hex(), "m")
    assert texts(step) == SAID
    assert step.finish_reasons == ("stop",)


def test_tool_calls_of_an_answer() -> None:
    answer = said("choice", 19, {"message": {"role": "assistant", "tool_calls": [TOOL_CALL]}})
    (step,) = steps_of([*ASKED[:2], answer], MODEL_CALL)
    (call,) = step.tool_calls
    assert (call.name, call.arguments and call.arguments.text) == ("look", '{"n": 1}')
    assert step.outputs == ()


@pytest.mark.parametrize("as_text", [False, True])
def test_details_tell_the_whole_call_and_come_before_single_messages(as_text: bool) -> None:
    parts: dict[str, Any] = {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}],
        "gen_ai.output.messages": [
            {"role": "assistant", "parts": [{"type": "text", "content": "Because."}]}
        ],
        "gen_ai.system_instructions": [{"type": "text", "content": "Be short."}],
    }
    details = said("client.inference.operation.details", 18)
    for key, value in parts.items():
        details.attributes.add(key=key, value=any_of(json.dumps(value) if as_text else value))
    (step,) = steps_of([*ASKED, ANSWER, details], MODEL_CALL)
    assert texts(step) == (["Be short."], ["Why?"], ["Because."])


def test_records_without_content_are_let_go() -> None:
    bare = [
        said("user.message", 11, {}),
        said("tool.message", 12, {"id": "c"}),
        said("choice", 13, {"index": 0, "finish_reason": "stop", "message": {"role": "assistant"}}),
        said("client.inference.operation.details", 14, {}, gen_ai__usage__input_tokens=3),
        said("user.message", 15, '{"role": "user"}'),
    ]
    read = read_logs(logs(*bare, scope="lib"))
    assert (read.n_spans, read.n_discarded) == (0, len(bare))
    (step,) = steps_of(bare, MODEL_CALL)
    assert not step.outputs_recorded


def test_a_name_as_attribute_and_a_body_of_json() -> None:
    asked = said("x", 11, json.dumps({"role": "user", "content": "Why?"}))
    answer = said("x", 12, json.dumps({"message": {"content": "So."}, "finish_reason": "stop"}))
    for record, name in ((asked, "gen_ai.user.message"), (answer, "gen_ai.choice")):
        record.event_name = ""
        record.attributes.add(key="event.name", value=any_of(name))
    (step,) = steps_of([asked, answer], MODEL_CALL)
    assert texts(step) == ([], ["Why?"], ["So."])
    assert step.finish_reasons == ("stop",)


def test_what_was_logged_beside_a_call_is_of_the_one_that_ran() -> None:
    chat = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "m"}
    calls = [
        span(8, parent=1, start=10, end=15, **chat),
        span(9, parent=1, start=21, end=29, **chat),
    ]
    first = [said("user.message", 12, {"content": "One?"}, parent=1)]
    first += [said("choice", 14, {"message": {"content": "Two."}}, parent=1)]
    (one, other) = steps_of([*first, said("user.message", 22, {"content": "Three?"}, parent=1)],
                            ROOT, *calls)  # fmt: skip
    assert (texts(one), texts(other)) == (([], ["One?"], ["Two."]), ([], ["Three?"], []))


def test_where_no_call_was_traced_the_records_make_one_up_to_each_answer() -> None:
    again = [said("user.message", 21, {"content": "Sure?"})]
    again += [said("choice", 22, {"message": {"content": "Yes."}})]
    first, second = steps_of([*again, *ASKED, ANSWER])
    assert (texts(first), texts(second)) == (SAID, ([], ["Sure?"], ["Yes."]))
    assert {first.kind, second.kind} == {StepKind.LLM}


def test_what_a_tool_answered() -> None:
    tool = span(CALL, gen_ai__operation__name="execute_tool", gen_ai__tool__name="look")
    (step,) = steps_of([ASKED[3]], tool)
    assert (step.kind, step.name, texts(step)[2]) == (StepKind.TOOL, "look", ["On its way."])
    asked = said("tool.message", 11, {"content": '{"n": 1}'})
    answered = said("choice", 12, {"message": {"content": "On its way."}})
    (step,) = steps_of([answered, asked], tool)
    assert texts(step)[1:] == (['{"n": 1}'], ["On its way."])


def test_the_same_words_said_twice_are_two_messages() -> None:
    twice = [said("user.message", at, {"content": "Yes"}) for at in (11, 12, 12)]
    (step,) = steps_of(twice, MODEL_CALL)
    assert texts(step)[1] == ["Yes", "Yes"]


def test_two_calls_that_are_asked_the_same_at_once_are_told_apart() -> None:
    calls = [span(n, parent=1, gen_ai__operation__name="chat") for n in (8, 9)]
    asked = [said("user.message", 12, {"content": "Why?"}, parent=n) for n in (8, 9)]
    assert [texts(s)[1] for s in steps_of(asked, ROOT, *calls)] == [["Why?"], ["Why?"]]


def test_a_body_nested_too_deep_to_look_through_is_kept() -> None:
    for depth in (500, 100_000):
        deep = '{"content":' * depth + '""' + "}" * depth
        (step,) = steps_of([said("user.message", 11, deep)], MODEL_CALL)
        assert step.inputs
