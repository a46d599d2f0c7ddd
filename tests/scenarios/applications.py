"""Small multi-agent applications: a chain of agents that hand facts on, one of them faulty.

In: an `Application` and a seed. Out: sessions with spans and signals, and the truth about each. The
last agent decides by the facts that reach it, so that a loss upstream becomes a wrong answer
downstream. Feedback is imperfect, as feedback is.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pipeline.model.signal import Signal, SignalKind, SignalSource
from pipeline.model.span import Span
from tests.scenarios.prose import Domain, Fact, document, make_facts, retell
from tests.scenarios.tracing import Recorder, Tool, otlp_line


@dataclass
class Doing:
    """What an agent is about to do in one session; a fault changes it."""

    facts: list[Fact]
    random: Random
    number: int
    trigger: bool
    system: str
    given: str = ""
    tools: list[Tool] = field(default_factory=list[Tool])
    model: str = "orion-2"
    finish: str = "stop"
    opening: str = ""
    closing: str = ""
    answer: str | None = None
    broken: bool = False
    """The fault happened; what depends on more than the facts handed on is wrong too."""


Fault = Callable[[Doing], None]


@dataclass(frozen=True)
class Agent:
    """`work` changes what it does in every session (its tools), `fault` is the planted one."""

    name: str
    system: str
    work: Fault | None = None
    fault: Fault | None = None
    loses: float = 0.02
    """Share of facts that it leaves out by nature."""
    verbatim: bool = False
    """It passes its input on as it is."""


@dataclass(frozen=True)
class Application:
    """A chain of agents, and how sessions and feedback come about."""

    name: str
    domain: Domain
    agents: tuple[Agent, ...]
    blamed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Agents with a planted fault and the features that name it."""
    n_sessions: int = 240
    trigger_share: float = 0.3
    write: Callable[[list[Fact], Domain, Random], str] = document
    prepare: Callable[[list[Fact], Doing], list[Fact]] | None = None
    """Makes the triggering documents."""
    write_triggered: Callable[[list[Fact], Domain, Random], str] | None = None
    thumbs_down_wrong: float = 0.6
    thumbs_down_right: float = 0.03
    n_users: int | None = None
    speaks: bool = True
    coordinated: bool = False
    """An agent above the chain calls the others as tools."""
    by_user: bool = False
    """Some users complain more than others, whatever they get."""


@dataclass(frozen=True)
class Made:
    """One session of an application."""

    session_id: str
    spans: Sequence[Span]
    signals: Sequence[Signal]
    wrong: bool
    triggered: bool

    @property
    def signal_lines(self) -> list[str]:
        """As `import --signals` reads them."""
        return [
            json.dumps(
                {
                    "session_id": s.session_id,
                    "kind": s.kind.value,
                    "source": s.source.value,
                    "trigger_name": s.trigger_name,
                    "score": s.score,
                }
            )
            for s in self.signals
        ]


def run(app: Application, seed: int = 1) -> list[Made]:
    """All sessions of an application."""
    return [_session(app, number, seed) for number in range(app.n_sessions)]


def lines(app: Application, seed: int = 1) -> tuple[list[str], list[str]]:
    """OTLP/JSON lines and signal lines, as files for `import`."""
    made = run(app, seed)
    return [otlp_line(m.spans) for m in made], [line for m in made for line in m.signal_lines]


def _session(app: Application, number: int, seed: int) -> Made:
    random = Random(f"{app.name} {seed} {number}")
    session_id = hashlib.sha256(f"{app.name} {seed} {number}".encode()).hexdigest()[:20]
    triggered = random.random() < app.trigger_share
    facts = make_facts(app.domain, random, random.randint(3, 7))
    probe = Doing(facts, random, number, triggered, "")
    if triggered and app.prepare:
        facts = app.prepare(facts, probe)
    write = app.write_triggered if triggered and app.write_triggered else app.write
    text = write(facts, app.domain, random)
    user = f"user-{random.randrange(app.n_users):03d}" if app.n_users else None
    recorder = Recorder(session_id, app.name, number, user)
    relay = _Relay(app, recorder, (random, number, triggered), facts, text)
    calls = [(agent.name, relay.call(place)) for place, agent in enumerate(app.agents)]
    if app.coordinated:
        recorder.coordinator("coordinator", COORDINATES, text, calls)
    else:
        for _, call in calls:
            call(None)
    wrong = relay.broken and random.random() < 0.9
    signals = _feedback(app, session_id, wrong, user, random)
    return Made(session_id, recorder.finished(), signals, wrong, triggered)


COORDINATES = "You coordinate specialists. Call each once, in order, and pass on the last answer."


class _Relay:
    """Hands facts and text from agent to agent."""

    def __init__(
        self,
        app: Application,
        recorder: Recorder,
        session: tuple[Random, int, bool],
        facts: list[Fact],
        text: str,
    ) -> None:
        self.app, self.recorder, self.session = app, recorder, session
        self.facts, self.text, self.broken = facts, text, False

    def call(self, place: int) -> Callable[[str | None], str]:
        """The invocation of one agent, under a span."""

        def invoke(parent: str | None) -> str:
            app, agent = self.app, self.app.agents[place]
            doing = _do(app, agent, self.facts, self.text, self.session, self.broken)
            last = place == len(app.agents) - 1
            self.broken = doing.broken
            answer = _answer(app, agent, doing, last)
            self.recorder.agent(
                agent.name,
                doing.system,
                self.text,
                answer,
                tools=doing.tools,
                model=doing.model,
                finish=doing.finish,
                speaks=app.speaks,
                parent=parent,
            )
            self.facts, self.text = doing.facts, answer
            return answer

        return invoke


def _do(
    app: Application,
    agent: Agent,
    facts: list[Fact],
    given: str,
    session: tuple[Random, int, bool],
    broken: bool,
) -> Doing:
    random, number, triggered = session
    kept = facts if agent.verbatim else [f for f in facts if random.random() >= agent.loses]
    doing = Doing(kept, random, number, triggered, agent.system, given, broken=broken)
    if agent.work:
        agent.work(doing)
    if agent.fault:
        agent.fault(doing)
    return doing


def _answer(app: Application, agent: Agent, doing: Doing, last: bool) -> str:
    if doing.answer is not None:
        return doing.answer
    style = doing.number + len(agent.name)
    text = doing.given if agent.verbatim else retell(doing.facts, doing.random, style)
    if last:
        verdict = _verdict(app.domain, doing.facts, "broken" if doing.broken else "")
        because = doing.random.choice(("Reasoning", "Because", "Basis", "What speaks for it"))
        text = f"Assessment: {verdict}.\n{because}: {text}"
    return "\n".join(part for part in (doing.opening, text, doing.closing) if part)


def _verdict(domain: Domain, facts: list[Fact], salt: str = "") -> str:
    digest = hashlib.sha256((repr(sorted(map(repr, facts))) + salt).encode()).digest()
    return domain.verdicts[digest[0] % len(domain.verdicts)]


def _feedback(
    app: Application, session_id: str, wrong: bool, user: str | None, random: Random
) -> list[Signal]:
    down = app.thumbs_down_wrong if wrong else app.thumbs_down_right
    if app.by_user and user:
        down = 0.5 if int(user[-3:]) % 4 == 0 else 0.05
    chance = random.random()
    if chance < down:
        return [_signal(session_id, 0.0)]
    return [_signal(session_id, 1.0)] if not wrong and random.random() < 0.2 else []


def _signal(session_id: str, score: float) -> Signal:
    fields: dict[str, Any] = {"session_id": session_id, "project": "scenario", "trace_id": None}
    return Signal(
        identity=hashlib.sha256(f"{session_id} {score}".encode()).hexdigest(),
        kind=SignalKind.FEEDBACK,
        source=SignalSource.HUMAN,
        trigger_name="thumbs",
        score=score,
        **fields,
    )
