"""Turns: one model call each, with only what is new in its conversation.

In: llm steps in the order of their start. Out: `Turn`s. Next: `invocations` strings them together,
symptoms look at what the user said after an answer.
"""

from pipeline.model.frozen import Frozen
from pipeline.model.step import Message, Role, Step, ToolCall

_KEPT = 8


class Turn(Frozen):
    """One model call: the user and tool messages that are new, and what the model answered.

    `continues` is True when its input repeats an earlier conversation of the agent and goes on from
    there; the new user messages then answer the agent.
    """

    agent: str
    step: str
    span_id: str
    start: int
    end: int
    inputs: tuple[Message, ...]
    outputs: tuple[Message, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    continues: bool = False


class Conversations:
    """The recent conversations of each agent, to tell what a model call adds."""

    def __init__(self) -> None:
        self._known: dict[str, list[list[tuple[Role, str]]]] = {}
        self._last: dict[str, list[tuple[Role, str]]] = {}

    def next_turn(self, step: Step, container: str) -> Turn:
        """The turn that this llm step makes; to be asked in the order of start."""
        said = [(m.role, m.content.text) for m in step.inputs]
        n_known = self._longest_prefix(step.agent, said)
        fresh = step.inputs[n_known:] if n_known else self._unseen(container, step, said)
        known = self._known.setdefault(step.agent, [])
        known.append(said)
        del known[:-_KEPT]
        self._last[container] = said
        return Turn(
            agent=step.agent,
            step=step.key,
            span_id=step.span_id,
            start=step.start,
            end=step.end,
            inputs=tuple(m for m in fresh if m.role in (Role.USER, Role.TOOL)),
            outputs=step.outputs,
            tool_calls=step.tool_calls,
            continues=n_known > 0,
        )

    def _longest_prefix(self, agent: str, said: list[tuple[Role, str]]) -> int:
        """How many messages an earlier call of the agent had already, if this one goes on from it."""
        longest = 0
        for known in self._known.get(agent, ()):
            if longest < len(known) < len(said) and said[: len(known)] == known:
                longest = len(known)
        return longest

    def _unseen(
        self, container: str, step: Step, said: list[tuple[Role, str]]
    ) -> tuple[Message, ...]:
        """The history was cut or it is another conversation: what this container's last call lacked."""
        seen = set(self._last.get(container, ()))
        fresh = tuple(m for m, s in zip(step.inputs, said, strict=True) if s not in seen)
        return fresh or step.inputs
