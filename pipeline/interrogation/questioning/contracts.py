"""What the model must answer, and what was found out about its answer.

In: nothing. Out: `Answer` (the model's output schema), `Checked`. Next: `workflow` passes them on;
pydantic refuses an answer of another shape.
"""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.llm.account import Account
from pipeline.model.answers import Interrogation, Proposed
from pipeline.model.cluster import Proposal
from pipeline.model.frozen import Frozen

MAX_STATEMENTS = 3


class Clue(Frozen):
    """One condition of a rule. All conditions of a rule must hold."""

    feature: Annotated[str, Field(min_length=3, max_length=200)]
    """A name from the list of features, `run.tool=<tool>`, or `term:<added|dropped|external>:<word>`."""
    holds: Literal["at_least", "below"] = "at_least"
    value: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    """1 for a tool or a word: `at_least` 1 is there, `below` 1 is not."""


class Quote(Frozen):
    """A verbatim part of what a step was given or gave."""

    step: Annotated[int, Field(ge=1)]
    """Its number in the outline."""
    text: Annotated[str, Field(min_length=3, max_length=400)]


class Statement(Frozen):
    """One hypothesis of what went wrong with the agent in this session."""

    about: Literal["did", "lacked", "told"]
    """Why the agent did what it did, what it lacked, or what it was told."""
    agent: Annotated[str, Field(min_length=1, max_length=300)]
    says: Annotated[str, Field(min_length=1, max_length=500)]
    """One plain sentence."""
    quotes: Annotated[tuple[Quote, ...], Field(min_length=1, max_length=3)]
    rule: Annotated[tuple[Clue, ...], Field(min_length=1, max_length=4)]
    """How to recognise other sessions in which the same happens."""


class Answer(Frozen):
    """The hypotheses, the likeliest first; none where the session shows nothing wrong."""

    hypotheses: Annotated[tuple[Statement, ...], Field(max_length=MAX_STATEMENTS)] = ()


class Reading(Frozen):
    """Dependencies of an agent's run: what it may read, and who pays. Ids only."""

    work: Interrogation
    account: Account


class Text(Frozen):
    """A prompt; it holds trace text, so its workflow's payloads are claimed by the store."""

    text: str


class CheckInput(Frozen):
    """An answer to check."""

    work: Interrogation
    answer: Answer


class Checked(Frozen):
    """What stands of an answer; `faults` says of every part that does not why not."""

    proposals: tuple[Proposal, ...] = ()
    faults: tuple[str, ...] = ()


class KeepInput(Frozen):
    """Keep the result."""

    work: Interrogation
    proposed: Proposed
