"""Sessions of a clerk that fails where it calls one of two tools without the other.

In: a walk. Out: sessions whose fault no single trait shows: each tool is as frequent in failing as in
healthy sessions. Next: the tests of the interrogation by a model.
"""

import json
import random

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.unit.otlp import span
from tests.workflows.walk import MINUTE_NANOS, Walk

N_SESSIONS = 56
SECRET = "CANARY-9041"
"""Stands in what every session says."""
SYSTEM = "You handle returns. Look the order up and pay it back, or do neither."
START = 1_767_225_600_000_000_000


def wrong(index: int) -> bool:
    """One tool without the other."""
    return _refunds(index) != _looks_up(index)


def _refunds(index: int) -> bool:
    return index % 2 == 0


def _looks_up(index: int) -> bool:
    return index % 4 < 2


def session(index: int) -> list[Span]:
    """A request, some tool calls, an answer that says nothing of them."""
    asked = f"Customer {index} sends a parcel back ({SECRET}). Please see to it."
    luck = random.Random(index)
    tools = ["note"] * luck.randint(1, 6)
    tools += ["refund"] * _refunds(index) + ["lookup"] * _looks_up(index)
    luck.shuffle(tools)
    given = "The request was seen to."
    shared = {"gen_ai.conversation.id": f"c{index:04d}", "user.id": f"user-{index}"}
    said = {
        "gen_ai.agent.name": "clerk",
        "gen_ai.input.messages": _messages("user", asked),
        "gen_ai.output.messages": _messages("assistant", given),
    }
    system = json.dumps([{"type": "text", "content": SYSTEM}])
    spans = [
        {**said, "gen_ai.operation.name": "invoke_agent"},
        *(_tool(tool, n) for n, tool in enumerate(tools)),
        {**said, "gen_ai.operation.name": "chat", "gen_ai.system_instructions": system},
    ]
    return [_span(index, n, {**values, **shared}, len(spans)) for n, values in enumerate(spans)]


def _span(index: int, n: int, values: dict[str, str], n_spans: int) -> Span:
    begun = START + index * MINUTE_NANOS + n * 10_000
    end = begun + (n_spans * 10_000 if n == 0 else 9_000)
    return span(
        n + 1,
        trace=f"{index + 1:032x}",
        parent=None if n == 0 else 1,
        start=begun,
        end=end,
        **{key.replace(".", "__"): value for key, value in values.items()},
    )


def _tool(name: str, number: int) -> dict[str, str]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.agent.name": "clerk",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.arguments": json.dumps({"entry": number}),
        "gen_ai.tool.call.result": "done",
    }


def _messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


async def feed(one: Walk) -> None:
    """A label for each session, which waits for it, then the sessions."""
    for index in range(N_SESSIONS):
        await one.judge(f"c{index:04d}", good=not wrong(index))
    for index in range(N_SESSIONS):
        await one.send(session(index))
