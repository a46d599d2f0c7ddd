"""A session, its states, and its row: everything the analysis keeps of one session.

In: nothing. Out: `SessionKey`, `Session`, `EnrichResult`, `MergeResult`, `InterrogateResult`,
`SessionRow`. Next: the stages write the results, aggregation reads the rows.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pipeline.model.detection import Detection, StepTerms
from pipeline.model.evidence import Located
from pipeline.model.frozen import Frozen
from pipeline.model.signal import Verdict, Vote


class SessionKey(Frozen):
    """How workflows name a session: project and the first 32 hex digits of SHA-256 of its id."""

    project: str
    digest: str

    @classmethod
    def of(cls, project: str, session_id: str) -> "SessionKey":
        """The key of a plain session id."""
        return cls(project=project, digest=session_digest(session_id))


def session_digest(session_id: str) -> str:
    """The digest in `SessionKey`."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:32]


class SessionState(StrEnum):
    """Where a session stands. `merged` sessions were emptied by a re-homing and are not counted."""

    WAITING = "waiting"
    ANALYSED = "analysed"
    SKIPPED = "skipped"
    FAILED = "failed"
    MERGED = "merged"


class Session(Frozen):
    """A session as inspection shows it."""

    project: str
    session_id: str
    verdict: Verdict
    state: SessionState
    reason: str
    version: int
    analysed_version: int
    n_spans: int
    agents: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime


class EnrichResult(Frozen):
    """Detectors' results: symptoms become `votes`, traits are kept for the tests."""

    detections: tuple[Detection, ...] = ()
    votes: tuple[Vote, ...] = ()
    completed: bool = False
    """The session has an end: its root is there and it gave some output."""


class MergeResult(Frozen):
    """Deduplicated votes of the received signals."""

    votes: tuple[Vote, ...] = ()


class StepOutline(Frozen):
    """One (agent, step) of the session with where it stands in the data flow.

    `order` is the topological position (0 first); `upstream` lists `agent|step` whose output
    became part of its input; `external` says that part of its input came from outside the agents.
    """

    agent: str
    step: str
    order: int
    n_occurrences: int
    span_id: str
    upstream: tuple[str, ...] = ()
    external: bool = False
    sample_in: Located | None = None
    """The beginning of what came in, worth quoting; None when the step shows no text."""
    sample_out: Located | None = None


class PromptSeen(Frozen):
    """A system prompt an agent used: sha256 (hex) of its text, and where it stands.

    `content.text` holds its beginning only: the place is what counts, rows stay small.
    """

    agent: str
    digest: str
    span_id: str
    content: Located


class Candidate(Frozen):
    """A candidate hypothesis: one plain sentence about one step and the traits it rests on.

    A pure function of the session, made without sight of the verdict. Whether it is unusual, and so
    becomes a hypothesis, is decided in aggregation.
    """

    agent: str
    step: str
    sentence: str
    traits: tuple[str, ...]
    passages: tuple[Located, ...] = ()


class InterrogateResult(Frozen):
    """Steps -> candidate statements, the outline of the data flow, terms and prompts."""

    outline: tuple[StepOutline, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    terms: tuple[StepTerms, ...] = ()
    prompts: tuple[PromptSeen, ...] = ()
    user: str | None = None
    first_user_message: str | None = None
    """sha256 (hex) of the normalised first user message: with `user` it makes the block."""
    metadata: Mapping[str, str] = {}
    """What the spans say as `metadata.<key>`, by key."""
    started_at: int = 0
    """Start of the first step in Unix nanoseconds; tells the newest prompt."""


class SessionRow(Frozen):
    """A pure function of one session's spans and signals; aggregation reads nothing else of it."""

    session_id: str
    verdict: Verdict
    enrich: EnrichResult
    merge: MergeResult
    interrogate: InterrogateResult

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents of the outline, sorted."""
        return tuple(sorted({o.agent for o in self.interrogate.outline}))
