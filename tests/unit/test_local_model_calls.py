"""The small model's calls: what a grammar bounds, and what comes back as a call."""

from typing import Any

from tests.local_model.calls import MAX_RESULTS, bounded, called

READ = {"name": "read_step", "description": "A step.", "parameters": {"type": "object"}}
CLAIM = {"type": "object", "properties": {"says": {"type": "string", "maxLength": 500}}}
SHORT = {"type": "object", "properties": {"says": {"type": "string", "maxLength": 120}}}
FINAL = {
    "name": "final_result",
    "parameters": {"type": "object", "$ref": "#/$defs/Claim", "$defs": {"Claim": CLAIM}},
}
TOOLS = [{"type": "function", "function": f} for f in (READ, FINAL)]
ASKED = [{"role": "system", "content": "Explain."}, {"role": "user", "content": "Why?"}]


def request(messages: list[dict[str, Any]], tools: list[Any] = TOOLS) -> dict[str, Any]:
    return {"model": "m", "messages": messages, "tools": tools, "tool_choice": "required"}


def answer(content: str, reason: str = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"id": "1", "choices": [{"message": message, "finish_reason": reason}], "usage": {}}


def names(plain: dict[str, Any]) -> list[str]:
    schema = plain["response_format"]["json_schema"]["schema"]
    return [call["properties"]["name"]["const"] for call in schema["oneOf"]]


def test_an_answer_is_one_of_the_offered_calls() -> None:
    plain = bounded(request(ASKED))
    assert "tools" not in plain
    assert names(plain) == ["read_step", "final_result"]
    assert plain["response_format"]["json_schema"]["schema"]["$defs"] == {"Claim": SHORT}
    assert [m["role"] for m in plain["messages"]] == ["system", "user"]
    made = called(request(ASKED), answer('{"name": "read_step", "arguments": {"step": 2}}'))
    (call,) = made["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "read_step", "arguments": '{"step": 2}'}


def test_after_some_results_only_the_answer_is_left() -> None:
    function = {"name": "read_step", "arguments": "{}"}
    calls = {"role": "assistant", "content": None, "tool_calls": [{"function": function}]}
    results = [{"role": "tool", "content": f"step {i}"} for i in range(MAX_RESULTS)]
    plain = bounded(request([*ASKED, calls, *results]))
    assert names(plain) == ["final_result"]
    assert [m["role"] for m in plain["messages"]] == ["system", "user", "assistant", "user"]
    assert "step 1" in plain["messages"][-1]["content"]


def test_a_plain_question_and_a_cut_answer_stay_as_they_are() -> None:
    assert "response_format" not in bounded(request(ASKED, []))
    cut = answer('{"name": "read', "length")
    assert called(request(ASKED), cut) == cut
