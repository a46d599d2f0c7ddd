"""A step: one thing an agent did in a session, whatever convention its spans follow.

In: nothing. Out: `Step`, `Message`, `ToolCall`. Next: detectors and interrogation read steps.
"""

from enum import StrEnum

from pipeline.model.evidence import Located
from pipeline.model.frozen import Frozen


class StepKind(StrEnum):
    """What a step is."""

    AGENT = "agent"
    LLM = "llm"
    TOOL = "tool"
    RETRIEVAL = "retrieval"
    WORKFLOW = "workflow"
    ACTIVITY = "activity"


class Role(StrEnum):
    """Who wrote a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Message(Frozen):
    """One text part of a conversation, with its place in the span."""

    role: Role
    content: Located


class ToolCall(Frozen):
    """A call that a model asked for: its name and its arguments as located JSON text."""

    name: str
    arguments: Located | None = None
    call_id: str | None = None


class Step(Frozen):
    """One normalised step.

    `key` names the step across sessions: `<kind>:<name>` (`llm:chat`, `tool:book_flight`,
    `agent:claim-scorer`), free of ids and counters. `inputs` is what came in besides the system
    prompt, in order: the whole conversation for an llm step, arguments for a tool. `outputs` is
    what went out; `outputs_recorded` is True when the span says so, even if that is nothing.
    `parent_span_id` is the nearest ancestor that is a step itself. `attempt` counts from 1; the
    step is the winning attempt of `n_attempts`.
    """

    kind: StepKind
    key: str
    name: str
    agent: str
    span_id: str
    parent_span_id: str | None
    start: int
    end: int
    inputs: tuple[Message, ...] = ()
    outputs: tuple[Message, ...] = ()
    system: tuple[Located, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    failed: bool = False
    error: Located | None = None
    attempt: int = 1
    n_attempts: int = 1
    attempts_inferred: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    outputs_recorded: bool = False
