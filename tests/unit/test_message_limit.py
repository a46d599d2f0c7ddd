"""A session says no more than the memory of a worker holds: beyond that it is refused by name."""

import json
from typing import Any

import pytest

from pipeline.conventions import messages
from pipeline.conventions.steps import read_again, read_steps
from pipeline.errors import LimitExceeded
from pipeline.model.span import Span

LIMIT = 20


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_OF_ONE", LIMIT)


def call(number: int, said: list[Any], key: str = "gen_ai.input.messages") -> Span:
    return Span(
        trace_id="1" * 32,
        span_id=f"{number:016x}",
        parent_id=None,
        name="chat",
        kind=1,
        start=number,
        end=number + 1,
        attributes={"gen_ai.operation.name": "chat", key: json.dumps(said)},
    )


def asks(name: str) -> dict[str, Any]:
    part = {"type": "tool_call", "id": name, "name": "search", "arguments": {}}
    return {"role": "assistant", "parts": [part]}


def test_as_many_as_may_be() -> None:
    (step,) = read_steps([call(1, ["a"] * LIMIT)])
    assert len(step.inputs) == LIMIT


@pytest.mark.parametrize(
    "said",
    [
        ["a"] * (LIMIT + 1),
        [{"role": "system", "content": str(n)} for n in range(LIMIT + 1)],
        [asks(str(n)) for n in range(LIMIT + 1)],
    ],
    ids=["messages", "system", "calls"],
)
def test_of_one_span(said: list[Any]) -> None:
    with pytest.raises(LimitExceeded, match=f"more than {LIMIT} messages"):
        read_steps([call(1, said)])


def test_of_all_spans_together() -> None:
    spans = [call(number, ["a"] * 5) for number in range(1, 6)]
    assert len(read_steps(spans[:4], max_messages=20)) == 4
    with pytest.raises(LimitExceeded):
        read_steps(spans, max_messages=20)


def test_what_is_told_again_is_kept_once() -> None:
    (told,) = read_steps([call(1, [{"role": "system", "content": "Be kind."}] * 5)])
    assert len(told.system) == 1
    (asked,) = read_steps([call(1, [asks("c1"), asks("c1"), asks("c2")], "gen_ai.output.messages")])
    assert [one.call_id for one in asked.tool_calls] == ["c1", "c2"]


def test_one_that_has_outgrown_its_analysis_is_left_out() -> None:
    spans = [call(number, ["a"] * 5) for number in range(1, 4)]
    assert read_again(spans) == read_steps(spans)
    assert read_again([*spans, call(4, ["a"] * (LIMIT + 1))]) == ()
