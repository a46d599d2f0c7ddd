"""Pure: what the scripted models answer, whatever API they are asked through.

In: an `Asked`. Out: an `Answer`, the same to the same question. Next: `formats` write it as the
provider would.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

CHAT: Mapping[str, Any] = json.loads((Path(__file__).parent / "apps" / "chat.json").read_text())


@dataclass(frozen=True)
class Said:
    """One message of a request; `role` is system, user, assistant or tool."""

    role: str
    text: str


@dataclass(frozen=True)
class Call:
    """A tool that the model asks for."""

    name: str
    arguments: Mapping[str, Any]
    call_id: str


@dataclass(frozen=True)
class Asked:
    """A request, in any API's words."""

    model: str
    messages: tuple[Said, ...]
    tools: tuple[str, ...] = ()
    stream: bool = False
    thinking: bool = False
    usage_in_stream: bool = True


@dataclass(frozen=True)
class Answer:
    """What the model says to it: exactly one of text, calls, refusal and failure."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    refusal: str = ""
    failure: tuple[int, str] | None = None
    thinking: str = ""
    input_tokens: int = 40
    output_tokens: int = 12
    number: int = field(default=1)


FINAL = "Order 4711 arrives on Tuesday, 5 May; order 4712 left the warehouse on 2 May."
COST = "Order 4711 cost 59.90 euros, shipping included."
REFUSAL = "I cannot tell you another customer's card number."
FAILURE = (429, "Rate limit reached for requests. Please try again in 20s.")
THINKING = "Both orders are known; I say when each arrives."


def answer(asked: Asked, number: int = 1) -> Answer:
    """The answer to the last thing the user said; `number` makes its ids differ."""
    given = _answer(asked, number)
    if given.text and "final_answer" in asked.tools:
        return replace(given, text="", calls=(_final(given),))
    return given


def _final(given: Answer) -> Call:
    """Some frameworks want the last words through a tool."""
    return Call("final_answer", {"answer": given.text}, f"call_final_{given.number}")


def _answer(asked: Asked, number: int) -> Answer:
    user = next((m.text for m in reversed(asked.messages) if m.role == "user"), "")
    said = next((m.text for m in reversed(asked.messages) if _scene(m.text)), user)
    scene = _scene(said)
    thinking = THINKING if asked.thinking else ""
    match scene:
        case "error":
            return Answer(failure=FAILURE, number=number)
        case "refusal":
            return Answer(refusal=REFUSAL, number=number, thinking=thinking)
        case "stream":
            return Answer(text=COST, number=number, thinking=thinking)
        case _:
            return _with_tools(asked, number, thinking)


def _scene(text: str) -> str | None:
    for scene in CHAT["scenes"]:
        if scene["said"] in text:
            return scene["name"]
    return None


def agent_of(asked: Asked) -> str | None:
    """The agent whose instructions stand in the request."""
    texts = [m.text for m in asked.messages]
    for name, system in CHAT["agents"].items():
        if any(system in text for text in texts):
            return name
    return None


def session_of(asked: Asked) -> str | None:
    """The session of the scene that the request belongs to."""
    for message in asked.messages:
        name = _scene(message.text)
        if name is not None:
            return next(s["session"] for s in CHAT["scenes"] if s["name"] == name)
    return None


def _with_tools(asked: Asked, number: int, thinking: str) -> Answer:
    if agent_of(asked) == "triage":
        return Answer(text="orders", number=number, output_tokens=1, thinking=thinking)
    name = next((t for t in asked.tools if t.endswith(CHAT["tool"]["name"])), None)
    known = any(CHAT["orders"]["4711"] in m.text for m in asked.messages)
    if name and not known:
        calls = tuple(
            Call(name, {"order_id": order}, f"call_{order}_{number}") for order in CHAT["orders"]
        )
        return Answer(calls=calls, number=number, output_tokens=38, thinking=thinking)
    return Answer(text=FINAL, number=number, input_tokens=120, output_tokens=25, thinking=thinking)
