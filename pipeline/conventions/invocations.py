"""Invocations: one time an agent was called, with what it was given and what it answered.

In: the steps of a session. Out: `Invocation`s in the order of their start. Next: handoff and input
detectors compare their two sides; interrogation walks the data flow over them.

An agent span with everything below it of the same agent is one invocation; a nested agent's steps
are its own. Where no agent span exists, the llm steps of one agent within one activity are. Without
both, a model call that does not continue an earlier conversation of the agent begins a new one.
"""

from collections.abc import Sequence
from functools import cached_property

from pipeline.conventions.turns import Conversations, Turn
from pipeline.model.evidence import Located
from pipeline.model.frozen import Frozen
from pipeline.model.step import Message, Role, Step, StepKind

__all__ = ["Invocation", "Turn", "read_invocations"]


class Invocation(Frozen):
    """One call of an agent.

    `step` and `span_id` name the step its traits belong to. `inputs` is what was handed in (user
    messages and documents) without repeating earlier conversation; `tool_results` what its tools
    gave back; `outputs` its final answer, the texts of the last turn that has any. `turns` are its
    model calls, each with its new inputs. `steps` are its own steps.
    """

    agent: str
    step: str
    span_id: str
    start: int
    end: int
    inputs: tuple[Message, ...]
    tool_results: tuple[Message, ...]
    outputs: tuple[Message, ...]
    system: tuple[Located, ...]
    turns: tuple[Turn, ...]
    steps: tuple[Step, ...]
    failed: bool = False

    @cached_property
    def llm_steps(self) -> tuple[Step, ...]:
        """Its model calls."""
        return tuple(s for s in self.steps if s.kind is StepKind.LLM)

    @cached_property
    def tool_steps(self) -> tuple[Step, ...]:
        """Its tool calls and retrievals."""
        return tuple(s for s in self.steps if s.kind in (StepKind.TOOL, StepKind.RETRIEVAL))

    @cached_property
    def agent_step(self) -> Step | None:
        """Its agent span, if there is one."""
        return next((s for s in self.steps if s.kind is StepKind.AGENT), None)


def read_invocations(steps: Sequence[Step]) -> tuple[Invocation, ...]:
    """Group the steps into invocations; sorted by start, then span id."""
    ordered = sorted(steps, key=lambda s: (s.start, s.span_id))
    containers = _Containers(ordered)
    conversations = Conversations()
    groups: dict[tuple[str, str], list[Step]] = {}
    turns: dict[str, Turn] = {}
    open_groups: dict[tuple[str, str], int] = {}
    for step in ordered:
        if step.kind in (StepKind.WORKFLOW, StepKind.ACTIVITY):
            continue
        container, is_whole = containers.of(step)
        key = (step.agent, container)
        if step.kind is StepKind.LLM:
            turn = conversations.next_turn(step, "#".join(key))
            turns[step.span_id] = turn
            if not is_whole and not turn.continues:
                open_groups[key] = open_groups.get(key, 0) + 1
        part = container if is_whole else f"{container}#{max(1, open_groups.get(key, 0))}"
        groups.setdefault((step.agent, part), []).append(step)
    built = (_invocation(group, turns) for group in groups.values())
    return tuple(sorted((i for i in built if i), key=lambda i: (i.start, i.span_id)))


class _Containers:
    """What each step runs in; what was climbed once is known to all steps below."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._by_id = {s.span_id: s for s in steps}
        self._agents: dict[str, Step | None] = {}
        self._places: dict[str, Step | None] = {}

    def of(self, step: Step) -> tuple[str, bool]:
        """What the step runs in, and whether that is one invocation as a whole.

        The agent span of its own agent is, else the nearest activity; below another agent's span
        only the conversation tells.
        """
        agent_span = self._nearest(step, self._agents, (StepKind.AGENT,))
        if agent_span is not None and agent_span.agent == step.agent:
            return agent_span.span_id, True
        around = self._nearest(step, self._places, (StepKind.ACTIVITY, StepKind.AGENT))
        if around is None:
            return "", False
        return around.span_id, around.kind is StepKind.ACTIVITY

    def _nearest(
        self, step: Step, known: dict[str, Step | None], kinds: tuple[StepKind, ...]
    ) -> Step | None:
        """The step itself or its nearest ancestor of one of these kinds."""
        climbed: dict[str, None] = {}
        current: Step | None = step
        while current is not None and current.kind not in kinds:
            if current.span_id in known or current.span_id in climbed:
                current = known.get(current.span_id)
                break
            climbed[current.span_id] = None
            current = self._by_id.get(current.parent_span_id or "")
        known.update(dict.fromkeys(climbed, current))
        return current


def _invocation(group: list[Step], turns: dict[str, Turn]) -> Invocation | None:
    models = [s for s in group if s.kind is StepKind.LLM]
    agent = next((s for s in group if s.kind is StepKind.AGENT), None)
    face = agent or (models[-1] if models else None)
    if face is None:
        return None
    own_turns = tuple(turns[s.span_id] for s in models)
    return Invocation(
        agent=face.agent,
        step=face.key,
        span_id=face.span_id,
        start=min(s.start for s in group),
        end=max(s.end for s in group),
        inputs=_inputs(agent, own_turns),
        tool_results=_tool_results(group, own_turns),
        outputs=_outputs(group, agent, own_turns),
        system=_system(agent, models),
        turns=own_turns,
        steps=tuple(group),
        failed=face.failed,
    )


def _inputs(agent: Step | None, turns: tuple[Turn, ...]) -> tuple[Message, ...]:
    """What the model calls were given anew, else what the agent span says it was given."""
    handed = tuple(m for t in turns for m in t.inputs if m.role is Role.USER)
    if handed or agent is None:
        return handed
    return tuple(m for m in agent.inputs if m.role is Role.USER)


def _tool_results(group: list[Step], turns: tuple[Turn, ...]) -> tuple[Message, ...]:
    """Results of tool spans; those that stand only in the conversation are added."""
    spans = [m for s in group if s.kind in (StepKind.TOOL, StepKind.RETRIEVAL) for m in s.outputs]
    known = {m.content.text for m in spans}
    said = [
        m for t in turns for m in t.inputs if m.role is Role.TOOL and m.content.text not in known
    ]
    return (*spans, *said)


def _outputs(group: list[Step], agent: Step | None, turns: tuple[Turn, ...]) -> tuple[Message, ...]:
    """The agent span's answer, else that of the last model call that says something."""
    if agent is not None:
        answer = tuple(
            m for m in agent.outputs if m.role is Role.ASSISTANT and m.content.text.strip()
        )
        if answer:
            last = answer[-1:]
            return last if len(answer) > len(turns) > 0 else answer
    for turn in reversed(turns):
        if any(m.content.text.strip() for m in turn.outputs):
            return turn.outputs
    return _called(group, turns)


def _called(group: list[Step], turns: tuple[Turn, ...]) -> tuple[Message, ...]:
    """An answer given as the arguments of a call that no tool carried out (structured output)."""
    tools = {s.name for s in group if s.kind is StepKind.TOOL}
    calls = turns[-1].tool_calls if turns else ()
    return tuple(
        Message(role=Role.ASSISTANT, content=c.arguments)
        for c in calls
        if c.arguments is not None and c.name not in tools
    )


def _system(agent: Step | None, models: list[Step]) -> tuple[Located, ...]:
    """Each distinct system prompt once, in the order it was first used."""
    found: dict[str, Located] = {}
    for step in [*models, *([agent] if agent else [])]:
        for located in step.system:
            found.setdefault(located.text, located)
    return tuple(found.values())
