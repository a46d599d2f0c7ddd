"""Sessions of very many spans, as agents that work for days leave them behind.

In: a shape and a number of spans. Out: OTLP spans of one session, a batch at a time. Next:
`test_large_session` sends them. Every text is another one, or caches would do the work.

`team`: four agents in many traces hand work on; `marathon`: one agent span with all calls of one
agent in it; `chat`: one long conversation, a trace a message, without agent spans; `chain`: every
step within the one before; `siblings`: all calls side by side below one root.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.unit.otlp import Scalar, span

SESSION = "large"
START = 1_767_225_600_000_000_000
STEP = 40_000_000
AGENTS = ("planner", "researcher", "writer", "reviewer")
TOOLS = ("search", "read_file", "run_query", "send_mail", "calculate")
HISTORY = 6
WORDS = ("order", "customer", "invoice", "delivery", "refund", "system", "report", "change", "meeting",
         "contract", "payment", "address", "product", "window", "server", "budget", "signal")  # fmt: skip
SENTENCES = (
    "{name} did not see the {words} before {date} unless {code} costs {price} dollars.",
    "The {words} of {code} came on {date}.",
    "Please tell {name} that {words} will be {price} euros.",
    "If the {words} is late, {name} wants {price} dollars back for {code}.",
    "Without {words} there is nothing to do for {name}.",
)
NAMES = ("Anna Keller", "Miguel Ortega", "Priya Nair", "Tom Baker", "Lena Fischer")


@dataclass
class Recorder:
    """Writes spans one after another; the ids are numbers, the texts made up by chance."""

    n_spans: int
    luck: random.Random = field(default_factory=lambda: random.Random(1))
    n: int = 0
    trace: str = f"{1:032x}"

    @property
    def full(self) -> bool:
        """Nothing more may be written."""
        return self.n >= self.n_spans

    def text(self, n_sentences: int) -> str:
        """Sentences with numbers, names, dates and identifiers that no other text has."""
        return " ".join(self._sentence() for _ in range(n_sentences))

    def _sentence(self) -> str:
        luck = self.luck
        words = " ".join(f"{luck.choice(WORDS)}{luck.randint(0, 400) or ''}" for _ in range(4))
        shape = luck.choice(SENTENCES)
        return shape.format(
            name=luck.choice(NAMES),
            words=words,
            date=f"2026-0{luck.randint(1, 9)}-{luck.randint(10, 28)}",
            code=f"RX-{luck.randint(10_000, 99_999)}",
            price=luck.randint(-900, 9_000),
        )

    def write(self, parent: int | None, operation: str, length: int = 1, **values: Scalar) -> Span:
        """One span, `length` steps long."""
        self.n += 1
        begun = START + self.n * STEP
        values = {"gen_ai__operation__name": operation, **values} if operation else values
        return span(
            self.n,
            trace=self.trace,
            parent=parent,
            start=begun,
            end=begun + length * STEP - 1,
            session__id=SESSION,
            **values,
        )

    def call(
        self, parent: int | None, agent: str, talk: list[dict[str, object]], *tools: str
    ) -> Span:
        """A model call on the end of the talk, which its answer is added to."""
        parts = [
            {"type": "tool_call", "id": f"c{self.n}", "name": t, "arguments": self._arguments()}
            for t in tools
        ]
        answer = message("assistant", self.text(4), *parts)
        asked, talk[:] = json.dumps(talk[-HISTORY:]), [*talk[-HISTORY:], answer]
        return self.write(
            parent,
            "chat",
            gen_ai__agent__name=agent,
            gen_ai__request__model="scripted",
            gen_ai__system_instructions=json.dumps(
                [{"type": "text", "content": f"You are the {agent} of a team. " * 20}]
            ),
            gen_ai__input__messages=asked,
            gen_ai__output__messages=json.dumps([answer]),
            gen_ai__usage__output_tokens=80,
        )

    def _arguments(self) -> dict[str, object]:
        return {"query": self.text(1), "limit": self.luck.randint(1, 99)}

    def tool(
        self, parent: int | None, agent: str, name: str, talk: list[dict[str, object]]
    ) -> Span:
        """A tool's call, whose result is added to the talk; one of twenty fails."""
        failed = self.luck.random() < 0.05
        result = json.dumps({"error": self.text(1)}) if failed else self.text(6)
        said = {"type": "tool_call_response", "id": f"c{self.n}", "result": result}
        talk.append({"role": "tool", "parts": [said]})
        return self.write(
            parent,
            "execute_tool",
            gen_ai__agent__name=agent,
            gen_ai__tool__name=name,
            gen_ai__tool__call__arguments=json.dumps(self._arguments()),
            gen_ai__tool__call__result=result,
        )

    def other(self, parent: int | None) -> Span:
        """A span that no agent is in: a database, an HTTP client."""
        return self.write(parent, "", http__route="/v1/items", db__system="postgresql")


def message(role: str, text: str, *parts: Mapping[str, object]) -> dict[str, object]:
    """A message of OpenTelemetry's GenAI conventions."""
    return {"role": role, "parts": [{"type": "text", "content": text}, *parts]}


def _work(
    to: Recorder, parent: int | None, agent: str, talk: list[dict[str, object]]
) -> Iterator[Span]:
    """A model call, a tool's, and what both cause elsewhere: five spans."""
    tool = to.luck.choice(TOOLS)
    called = to.call(parent, agent, talk, tool)
    yield called
    yield to.other(int.from_bytes(called.span_id, "big"))
    ran = to.tool(parent, agent, tool, talk)
    yield ran
    for _ in range(2):
        yield to.other(int.from_bytes(ran.span_id, "big"))


def team(to: Recorder) -> Iterator[Span]:
    """A root a task; each agent gets what the one before it answered."""
    task = 0
    while not to.full:
        task += 1
        to.trace = f"{task:032x}"
        yield to.write(None, "", 110, http__route="/tasks")
        root, given = to.n, to.text(10)
        for agent in AGENTS:
            talk = [message("user", given)]
            yield to.write(
                root,
                "invoke_agent",
                26,
                gen_ai__agent__name=agent,
                gen_ai__input__messages=json.dumps(talk),
                gen_ai__output__messages=json.dumps([message("assistant", to.text(6))]),
            )
            invoked = to.n
            for _ in range(4):
                yield from _work(to, invoked, agent, talk)
            given = json.loads(json.dumps(talk[-2]))["parts"][0]["content"]


def marathon(to: Recorder) -> Iterator[Span]:
    """One agent that works on and on within one span."""
    yield to.write(None, "invoke_agent", to.n_spans, gen_ai__agent__name="coder")
    talk = [message("user", to.text(20))]
    while not to.full:
        yield from _work(to, 1, "coder", talk)


def chat(to: Recorder) -> Iterator[Span]:
    """A user who never leaves, now and then unhappy from the second half on."""
    talk: list[dict[str, object]] = []
    while not to.full:
        to.trace = f"{to.n + 1:032x}"
        unhappy = to.n * 2 > to.n_spans and to.luck.random() < 0.01
        talk.append(message("user", "No, that is wrong. " * unhappy + to.text(2)))
        yield to.write(None, "", 7, http__route="/chat")
        root = to.n
        yield from _work(to, root, "helper", talk)
        yield to.call(root, "helper", talk)


def chain(to: Recorder) -> Iterator[Span]:
    """Agents that call agents that call agents."""
    talk = [message("user", to.text(4))]
    depth: int | None = None
    while not to.full:
        agent = to.luck.choice(AGENTS)
        yield to.write(depth, "invoke_agent", to.n_spans - to.n, gen_ai__agent__name=agent)
        depth = to.n
        yield from _work(to, depth, agent, talk)


def siblings(to: Recorder) -> Iterator[Span]:
    """All calls below one root that is no step, of no named agent."""
    yield to.write(None, "", to.n_spans, http__route="/jobs")
    talk = [message("user", to.text(4))]
    while not to.full:
        yield from _work(to, 1, AGENTS[to.n // 1000 % 4], talk)


SHAPES: Mapping[str, Callable[[Recorder], Iterator[Span]]] = {
    "team": team,
    "marathon": marathon,
    "chat": chat,
    "chain": chain,
    "siblings": siblings,
}


def batches(shape: str, n_spans: int, size: int = 2_000) -> Iterator[Sequence[Span]]:
    """Exactly `n_spans` spans of that shape."""
    batch: list[Span] = []
    to = Recorder(n_spans)
    for n, one in enumerate(SHAPES[shape](to), start=1):
        batch.append(one)
        if len(batch) == size or n == n_spans:
            yield batch
            batch = []
        if n == n_spans:
            return
