"""A model that plays a part: it reads what the tools give it and answers from that.

In: the conversations of the explaining agent, of the judge, of the replayed agent. Out: answers.
Next: `scripts` and `liars` change single answers of it.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo
from pydantic_ai.usage import RequestUsage

CHARACTERS_A_TOKEN = 4
ROW = re.compile(r"^(C\d+): (.*?) \(step (.*?), feature (.*?)\): (\d+)/(\d+) failing", re.MULTILINE)
MEND = "Hand on what the next step needs"
"""What the honest lines for a prompt begin with; the replayed agent heeds them."""


class Line(NamedTuple):
    """A row of the contrast table as the model reads it."""

    name: str
    agent: str
    clause: str
    step: str
    feature: str


class Part:
    """The truthful part; others overwrite what they lie about."""

    def __init__(self, recorded: Mapping[str, str] | None = None) -> None:
        self.recorded = dict(recorded or {})
        """What the recorded agents answered, by what they were given."""
        self.heard: list[str] = []
        """Everything that it was sent."""
        self.lies: set[str] = set()
        """What it said that an honest one would not."""
        self.n_in = self.n_out = 0
        """Characters sent and answered; every request carries the whole conversation so far."""

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        """One answer."""
        said = _texts(messages)
        self.heard += said
        if not info.output_tools:
            part = TextPart(self.replay(messages))
        elif not info.function_tools:
            part = call_of(info.output_tools[0].name, {"rulings": self.rule(messages)})
        else:
            part = self.explain(messages, info)
        n_in, n_out = sum(map(len, said)) + schemas(info), _size(part)
        self.n_in, self.n_out = self.n_in + n_in, self.n_out + n_out
        usage = RequestUsage(
            input_tokens=n_in // CHARACTERS_A_TOKEN, output_tokens=n_out // CHARACTERS_A_TOKEN
        )
        return ModelResponse(parts=[part], usage=usage)

    def explain(self, messages: Sequence[ModelMessage], info: AgentInfo) -> ToolCallPart | TextPart:
        """Outline, a step of the blamed agent, a number for a rival, then the answer."""
        line = table(messages)[0]
        got = returns(messages)
        if "outline" not in got:
            return call_of("outline", {"session": "F1"})
        if "read_step" not in got:
            return call_of(
                "read_step", {"session": "F1", "step": self._number(line, got["outline"])}
            )
        if "test_candidate" not in got:
            return call_of("test_candidate", {"agent": line.agent, "feature": "run.latency"})
        said = self.answer(messages)
        self.lies |= {*leaves(said)} - {*leaves(Part.answer(self, messages))}
        return call_of(info.output_tools[0].name, said)

    def answer(self, messages: Sequence[ModelMessage]) -> dict[str, Any]:
        """What it makes of it."""
        lines, got = table(messages), returns(messages)
        line, number = lines[0], self._number(lines[0], got["outline"])
        claim = {"says": "Here the fault shows.", "session": "F1", "step": number}
        rivals = [
            {
                "says": "The agent takes too long over it.",
                "test": {"agent": line.agent, "feature": "run.latency"},
                "why_not": "The time that it takes differs for other reasons.",
            },
            *(
                {
                    "says": "Another difference of the table explains it.",
                    "cause": other.name,
                    "why_not": "It goes along with the first row.",
                }
                for other in lines[1:2]
            ),
        ]
        return {
            "cause": "C1",
            "root_cause": f"{line.agent} {line.clause}.",
            "mechanism": [{**claim, "quote": a_quote(got["read_step"])}],
            "rivals": rivals,
            "tags": [],
            "prompt_lines": [f"{MEND}; mind this: it {line.clause}."],
        }

    def rule(self, messages: Sequence[ModelMessage]) -> list[dict[str, Any]]:
        """The judge nods at everything: what holds must not be its doing."""
        numbers = re.findall(r"^Claim (\d+)", "\n".join(prompts(messages)), re.MULTILINE)
        return [{"claim": int(n), "supported": True} for n in numbers]

    def replay(self, messages: Sequence[ModelMessage]) -> str:
        """As recorded; under a prompt that mends it, what it was given as it is."""
        given = prompts(messages)[-1]
        return self.mended(given) if MEND in system(messages) else self.recorded.get(given, given)

    def mended(self, given: str) -> str:
        """The answer under the patched prompt."""
        return given

    def _number(self, line: Line, outline: str) -> int:
        """A model call of the blamed agent, else any step of it."""
        found = re.findall(
            r"^(\d+)\. (.*?) ((?:llm|tool|agent|activity)\S*:)", outline, re.MULTILINE
        )
        own = [(int(n), kind) for n, agent, kind in found if agent == line.agent]
        return max(own, key=lambda step: (step[1] == "llm:", step[0]), default=(1, ""))[0]


def schemas(info: AgentInfo) -> int:
    """Characters of the tools' descriptions and schemas, which every request carries too."""
    tools = [*info.function_tools, *info.output_tools]
    return sum(len(json.dumps(t.parameters_json_schema)) + len(t.description or "") for t in tools)


def table(messages: Sequence[ModelMessage]) -> list[Line]:
    """The contrast table of the brief; agents are told apart by their words in the rows."""
    brief = prompts(messages)[0]
    rows = ROW.findall(brief)
    return [
        Line(name, *_agent_of(words, step), step, feature)
        for name, words, step, feature, _k, _n in rows
    ]


def _agent_of(words: str, step: str) -> tuple[str, str]:
    """The agent is the beginning of the row, up to its verb."""
    kind, _, name = step.partition(":")
    if kind == "agent" and words.startswith(f"{name} "):
        return name, words[len(name) + 1 :]
    agent, _, clause = words.partition(" ")
    return agent, clause


def returns(messages: Sequence[ModelMessage]) -> dict[str, str]:
    """The latest result of each tool."""
    parts = [p for m in messages if isinstance(m, ModelRequest) for p in m.parts]
    return {p.tool_name: str(p.content) for p in parts if isinstance(p, ToolReturnPart)}


def a_quote(step: str) -> str:
    """A few words of what a step gave, else of what it was given."""
    for side in (r"\[out assistant\] ", r"\[calls [^\]]*\] ", r"\[in \w+\] ", r"\[error\] "):
        found = re.search(side + r"([^\n\\]{3,120})", step)
        if found is not None:
            return found[1].split(". ")[0][:100].strip()
    return "nothing"


def prompts(messages: Sequence[ModelMessage]) -> list[str]:
    """What the user's side said."""
    parts = [p for m in messages if isinstance(m, ModelRequest) for p in m.parts]
    return [str(p.content) for p in parts if isinstance(p, UserPromptPart)]


def system(messages: Sequence[ModelMessage]) -> str:
    """The system prompt that stands among the messages."""
    parts = [p for m in messages if isinstance(m, ModelRequest) for p in m.parts]
    return "".join(p.content for p in parts if isinstance(p, SystemPromptPart))


def _texts(messages: Sequence[ModelMessage]) -> list[str]:
    """Everything that a request carries."""
    texts: list[str] = []
    for message in messages:
        if isinstance(message, ModelRequest):
            texts.append(message.instructions or "")
        texts += [
            str(getattr(part, "content", getattr(part, "args", ""))) for part in message.parts
        ]
    return texts


def leaves(value: Any) -> Iterable[str]:
    """The sentences and quotes of an answer."""
    if isinstance(value, dict):
        inner = cast(Mapping[str, Any], value)
        skipped = ("cause", "session", "step", "agent", "feature")
        yield from (leaf for k, v in inner.items() if k not in skipped for leaf in leaves(v))
    elif isinstance(value, list):
        yield from (leaf for v in cast(list[Any], value) for leaf in leaves(v))
    elif isinstance(value, str):
        yield value


def _size(part: ToolCallPart | TextPart) -> int:
    return len(part.content) if isinstance(part, TextPart) else len(str(part.args))


def call_of(tool: str, arguments: Mapping[str, Any]) -> ToolCallPart:
    """A call of a tool."""
    return ToolCallPart(tool, json.dumps(arguments))
