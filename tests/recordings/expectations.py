"""Pure: what the application did in one recording, as the scripted models saw it.

In: the exchanges with the models. Out: the facts of each session, as `expected.json` holds them.
Next: `tests/unit/test_recordings.py` compares them with the steps that are read from the spans.

The facts come from the wire and from the script, never from the spans.
"""

from collections.abc import Iterable
from typing import Any

from tests.recordings.catalogue import Recording
from tests.recordings.script import CHAT, Answer, Asked, Call, agent_of, session_of
from tests.recordings.scripted_models import Exchange

Json = dict[str, Any]


def expectations(recording: Recording, exchanges: Iterable[Exchange]) -> Json:
    """Session -> its model calls, tool runs and agents, in order."""
    sessions: dict[str, Json] = {}
    for exchange in exchanges:
        if exchange.lost:
            continue
        name = session_of(exchange.asked)
        if name is None:
            raise ValueError(f"a request belongs to no scene: {exchange.asked}")
        session = sessions.setdefault(name, {"calls": [], "tools": []})
        session["calls"].append(_call(recording, exchange.asked, exchange.answered))
        session["tools"].extend(_tools(recording, exchange))
    return sessions


def _call(recording: Recording, asked: Asked, answered: Answer) -> Json:
    call: Json = {
        "agent": _agent(recording, asked),
        "model": asked.model,
        "system": [m.text for m in asked.messages if m.role == "system"],
        "input": [[m.role, m.text] for m in asked.messages if m.role != "system" and m.text],
        "output": answered.text or answered.refusal,
        "tool_calls": [{"name": c.name, "arguments": c.arguments} for c in answered.calls],
        "tokens": [answered.input_tokens, answered.output_tokens],
    }
    if answered.failure:
        return {**call, "error": answered.failure[1], "tokens": None}
    if asked.stream and not asked.usage_in_stream:
        return {**call, "tokens": None}
    return call


def _agent(recording: Recording, asked: Asked) -> str:
    return (agent_of(asked) if recording.agents else None) or CHAT["service"]


def _tools(recording: Recording, exchange: Exchange) -> list[Json]:
    if not recording.tools:
        return []
    agent = _agent(recording, exchange.asked)
    return [
        {
            "agent": agent,
            "name": call.name,
            "arguments": call.arguments,
            "result": _result(call),
        }
        for call in exchange.answered.calls
    ]


def _result(call: Call) -> str:
    order = call.arguments.get("order_id")
    return CHAT["orders"][order] if order else str(call.arguments["answer"])
