"""What crosses Temporal for a trial; all of it is claimed by the store.

In: nothing. Out: `Request`, `Answer`, `Tried`. Next: `workflow`.
"""

from pipeline.investigation.contracts import InvestigateInput
from pipeline.llm.account import Account
from pipeline.model.finding import PatchTrial
from pipeline.model.frozen import Frozen
from pipeline.model.step import Role


class Said(Frozen):
    """One recorded message."""

    role: Role
    text: str


class Request(Frozen):
    """One recorded request of the blamed agent, with both prompts."""

    session_id: str
    failing: bool
    old_prompt: str
    new_prompt: str
    messages: tuple[Said, ...]


class Requests(Frozen):
    """What is put again; none with a reason."""

    requests: tuple[Request, ...] = ()
    reason: str | None = None


class Answer(Frozen):
    """What the model said with each prompt."""

    session_id: str
    failing: bool
    old: str
    new: str


class JudgeInput(Frozen):
    """Answers to judge."""

    work: InvestigateInput
    account: Account
    answers: tuple[Answer, ...]
    reason: str | None = None


class Tried(Frozen):
    """What is kept of a trial."""

    trial: PatchTrial | None = None
    reason: str | None = None
    micros: int = 0
    tokens: int = 0
