"""Pure: calls of functions for a model that cannot make them by itself.

In: an OpenAI chat completion request. Out: the same request without tools, whose answer a grammar
bounds; of its answer the calls. Next: `server` puts it to llama.cpp.

A model of a hundred million parameters writes prose where it should call a function. llama.cpp can
hold its every token to a JSON schema, so it is held to "one of these functions, with its arguments".
"""

import json
from typing import Any, cast

Json = dict[str, Any]
MAX_RESULTS = 2
"""Results of tools after which only an answer is left: so small a model would read for ever."""
MAX_CHARACTERS, MAX_ITEMS, MAX_TOKENS = 120, 2, 64
"""It fills whatever room it is given, and a small machine writes slowly."""


def bounded(request: Json) -> Json:
    """The request as llama.cpp gets it."""
    plain = {k: v for k, v in request.items() if k not in ("tools", "tool_choice", "stream")}
    tools = _offered(request)
    plain["messages"] = _spoken(request["messages"], tools)
    if tools:
        schema = {"name": "call", "schema": _one_of(tools)}
        plain["response_format"] = {"type": "json_schema", "json_schema": schema}
    else:
        plain["max_tokens"] = MAX_TOKENS
    return plain


def called(request: Json, answer: Json) -> Json:
    """The answer with its call as OpenAI writes it; a truncated one stays text."""
    choice = answer["choices"][0]
    if not _offered(request) or choice["finish_reason"] == "length":
        return answer
    call = json.loads(choice["message"]["content"])
    function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
    made = {"id": f"call-{answer['id']}", "type": "function", "function": function}
    message = {"role": "assistant", "content": None, "tool_calls": [made]}
    return {
        **answer,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }


def _offered(request: Json) -> list[Json]:
    functions = [tool["function"] for tool in request.get("tools") or ()]
    n_results = sum(m["role"] == "tool" for m in request["messages"])
    last = [f for f in functions if f["name"].startswith("final_result")]
    return last if last and n_results >= MAX_RESULTS else functions


def _one_of(tools: list[Json]) -> Json:
    """A schema of one call; definitions move to its root, where references look for them."""
    definitions: Json = {}
    calls: list[Json] = []
    for tool in tools:
        parameters = _short(tool["parameters"])
        definitions |= parameters.pop("$defs", {})
        calls.append(
            {
                "type": "object",
                "properties": {"name": {"const": tool["name"]}, "arguments": parameters},
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    return {"oneOf": calls, "$defs": definitions}


def _short(schema: Any) -> Any:
    """The schema with less room for texts and lists."""
    if isinstance(schema, list):
        return [_short(inner) for inner in cast(list[Any], schema)]
    if not isinstance(schema, dict):
        return schema
    short: Json = {key: _short(inner) for key, inner in cast(Json, schema).items()}
    if short.get("type") == "string" and "pattern" not in short:
        short["maxLength"] = min(short.get("maxLength", MAX_CHARACTERS), MAX_CHARACTERS)
    if short.get("type") == "array":
        short["maxItems"] = min(short.get("maxItems", MAX_ITEMS), MAX_ITEMS)
    return short


def _spoken(messages: list[Json], tools: list[Json]) -> list[Json]:
    """Roles that every chat template knows: calls and their results become text."""
    spoken = [_message(message) for message in messages]
    if tools:
        listed = "\n".join(f"- {t['name']}: {t.get('description', '')}" for t in tools)
        told = f"Answer with one call as JSON (name, arguments). Functions:\n{listed}"
        spoken.insert(0, {"role": "system", "content": told})
    return _merged(spoken)


def _message(message: Json) -> Json:
    if message["role"] == "tool":
        return {"role": "user", "content": f"Result:\n{message['content']}"}
    calls = [c["function"] for c in message.get("tool_calls") or ()]
    said = [json.dumps({"name": c["name"], "arguments": c["arguments"]}) for c in calls]
    return {"role": message["role"], "content": "\n".join([message.get("content") or "", *said])}


def _merged(messages: list[Json]) -> list[Json]:
    """Neighbours of one role as one message: templates insist on turns."""
    merged: list[Json] = []
    for message in messages:
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1]["content"] += "\n" + message["content"]
        else:
            merged.append(dict(message))
    return merged
