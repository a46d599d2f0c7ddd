"""What the model must answer, what was found out about its answer, and what is kept of it.

In: nothing. Out: `Explanation`, `Judgement` (the model's output schemas), `Checked`, `Explained`.
Next: `workflow` passes them on; pydantic refuses an answer of another shape.
"""

from typing import Annotated

from pydantic import Field

from pipeline.investigation.contracts import InvestigateInput
from pipeline.llm.account import Account
from pipeline.model.cluster import Rate
from pipeline.model.frozen import Frozen

Sentence = Annotated[str, Field(min_length=1, max_length=500)]
MAX_CLAIMS = 6
MAX_NAME = 200


class Claim(Frozen):
    """One step of the mechanism, with the words of a session that show it."""

    says: Sentence
    """What happens, in one plain sentence."""
    session: Annotated[str, Field(pattern=r"^[FH][0-9]{1,2}$")]
    """The session that shows it: F1, F2 ... failing, H1, H2 ... healthy."""
    step: Annotated[int, Field(ge=1)]
    """Number of the step in the session's outline."""
    quote: Annotated[str, Field(min_length=3, max_length=400)]
    """A verbatim part of what that step was given or gave."""


class Candidate(Frozen):
    """A feature to be tested: a name as in the contrast table, or words on one side of an agent."""

    agent: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    feature: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    """`handoff.order`, `run.latency` ...; `in: words` that it was given, `out: words` that it gave."""


class Rival(Frozen):
    """Another cause that was considered: a row of the table, or a candidate that is tested."""

    says: Sentence
    """The rival cause in one plain sentence."""
    cause: Annotated[str, Field(pattern=r"^C[0-9]{1,2}$")] | None = None
    test: Candidate | None = None
    why_not: Sentence


class Explanation(Frozen):
    """The model's account of one issue."""

    cause: Annotated[str, Field(pattern=r"^C[0-9]{1,2}$")]
    """The row of the contrast table that is the cause."""
    root_cause: Sentence
    mechanism: Annotated[tuple[Claim, ...], Field(min_length=1, max_length=MAX_CLAIMS)]
    """From the blamed step to the visible failure."""
    rivals: Annotated[tuple[Rival, ...], Field(min_length=1, max_length=6)]
    """Other causes that would show as the same failure; each is measured."""
    tags: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]{2,30}$")], ...], Field(max_length=5)
    ] = ()
    prompt_lines: Annotated[
        tuple[Annotated[str, Field(min_length=10, max_length=300)], ...], Field(max_length=4)
    ] = ()
    """Lines to add to the blamed agent's system prompt."""


class Ruling(Frozen):
    """Whether the quote beside a claim bears it out."""

    claim: Annotated[int, Field(ge=1, le=MAX_CLAIMS + 1)]
    supported: bool


class Judgement(Frozen):
    """The blind judge's answer: one ruling a claim."""

    rulings: Annotated[tuple[Ruling, ...], Field(max_length=MAX_CLAIMS + 1)]


class Reading(Frozen):
    """Dependencies of an agent's run: what it may read, and who pays. Ids only."""

    work: InvestigateInput
    account: Account


class Text(Frozen):
    """A prompt; it holds trace text, so its workflow's payloads are claimed by the store."""

    text: str


class CheckInput(Frozen):
    """An explanation to check."""

    work: InvestigateInput
    explanation: Explanation


class Measured(Frozen):
    """A candidate in numbers: how often it shows, by how much that may be chance."""

    agent: str
    feature: str
    failing: Rate
    healthy: Rate
    p_value: float
    """Adjusted for everything that the contrast tried."""

    def words(self) -> str:
        """One line, without the names."""
        return (
            f"shows in {self.failing.k}/{self.failing.n} failing and {self.healthy.k}/"
            f"{self.healthy.n} healthy sessions, adjusted p {self.p_value:.2g}"
        )


class RivalMeasured(Frozen):
    """A rival with its numbers."""

    says: str
    why_not: str
    numbers: Measured


class Checked(Frozen):
    """What stands of an explanation; `faults` says of every part that does not why not."""

    explanation: Explanation | None
    """None when the cause itself does not stand."""
    faults: tuple[str, ...] = ()
    n_claims: int = 0
    """Claims that were made, those that fell included."""
    rivals: tuple[RivalMeasured, ...] = ()
    judging: str = ""
    """What the blind judge is shown of it."""


class Explained(Frozen):
    """What is kept: the explanation as far as it stands, or the reason why there is none."""

    explanation: Explanation | None = None
    n_verified: int = 0
    n_claims: int = 0
    rivals: tuple[RivalMeasured, ...] = ()
    reason: str | None = None
    micros: int = 0
    tokens: int = 0

    @property
    def mechanism(self) -> tuple[Claim, ...]:
        """The claims that stand."""
        return self.explanation.mechanism if self.explanation else ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines for the prompt."""
        return self.explanation.prompt_lines if self.explanation else ()


class KeepInput(Frozen):
    """Keep the result of the explanation."""

    work: InvestigateInput
    account: Account
    explained: Explained
