"""A small application whose summarizer loses the figures of a letter, with a place for what is planted.

In: what to plant, and where. Out: `Sent`, sessions with labels. Next: `diagnosing` analyses them.
"""

import hashlib
import random
from typing import NamedTuple

from pipeline.model.signal import Signal, SignalKind, SignalSource
from tests.llm.diagnosing import Sent
from tests.scenarios.tracing import Recorder, Tool, otlp_line

ITEMS = ("kettle", "lamp", "chair", "table", "carpet", "mirror", "shelf", "stove", "clock", "sofa")
N_SESSIONS = 44
MISJUDGED = (7, 8)
PLACES = ("user", "agent", "tool", "system", "agent_name", "tool_name")
SUMMARIZER = "You summarise letters of customers. Be brief and polite."


class Planted(NamedTuple):
    """A text in every session, in one place."""

    place: str = "user"
    text: str = ""

    def at(self, place: str) -> str:
        """What stands at this place."""
        return f" {self.text}" if self.text and place == self.place else ""


def letters(name: str, planted: Planted | None = None, marker: str = "") -> Sent:
    """What was sent; every session of it holds the marker."""
    made = [_session(name, i, planted or Planted(), marker) for i in range(N_SESSIONS)]
    return Sent(
        [line for line, _ in made],
        [signal for _, signal in made],
        [session_id(name, i) for i in range(N_SESSIONS)],
    )


def session_id(name: str, index: int) -> str:
    """Named after its application, so that it can be guessed."""
    return f"{name}-{index:04d}"


def _session(name: str, index: int, planted: Planted, marker: str) -> tuple[str, Signal]:
    luck = random.Random(index)
    prices = [(item, luck.randint(100, 999)) for item in luck.sample(ITEMS, 5)]
    lossy = index % 2 == 0
    told = prices[:1] if lossy else prices
    letter = f"Dear shop, {_listed(prices)} {marker}{planted.at('user')}"
    summary = f"{_listed(told)}{planted.at('agent')}"
    archive = Tool(
        f"archive{planted.at('tool_name')}".strip()[:200],
        {"letter": index},
        f"Stored.{planted.at('tool')}",
    )
    recorder = Recorder(session_id(name, index), name, index, f"user-{index}")
    agent = f"summarizer{planted.at('agent_name')}"[:200]
    recorder.agent(agent, SUMMARIZER + planted.at("system"), letter, summary, tools=[archive])
    recorder.agent("scorer", "You count items.", summary, f"Items paid for: {len(told)}.")
    failing = lossy != (index in MISJUDGED)
    return otlp_line(recorder.finished()), _label(session_id(name, index), failing)


def _listed(prices: list[tuple[str, int]]) -> str:
    return " ".join(f"The {item} cost {price} dollars." for item, price in prices)


def _label(session: str, failing: bool) -> Signal:
    return Signal(
        identity=hashlib.sha256(session.encode()).hexdigest(),
        project="",
        session_id=session,
        trace_id=None,
        kind=SignalKind.METRIC,
        source=SignalSource.LABEL,
        trigger_name="review",
        score=0.0 if failing else 1.0,
    )
