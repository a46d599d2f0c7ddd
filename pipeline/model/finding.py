"""A finding: an investigated cluster. Its JSON form is a contract (fields may only be added).

In: nothing. Out: `Finding`, `HealthyRate`, `PromptPatch`. Next: status service, CLI, console.
"""

from datetime import datetime
from enum import StrEnum

from pipeline.model.cluster import Rate
from pipeline.model.evidence import Evidence
from pipeline.model.frozen import Frozen
from pipeline.model.signal import SignalSource


class FindingState(StrEnum):
    """States of a finding."""

    OPEN = "open"
    UNCONFIRMED = "unconfirmed"
    NO_SEPARATING_CAUSE = "no_separating_cause"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Basis(StrEnum):
    """How the blamed step was found along the data flow (design section 7, contrast)."""

    CONDITIONAL = "conditional"
    HANDOFF = "handoff"
    NONE = "none"


class HealthyRate(Rate):
    """The rate among healthy sessions; n = confirmed_n + presumed_n."""

    confirmed_n: int
    presumed_n: int


class PromptPatch(Frozen):
    """A unified diff against the constant text of the agent's newest prompt group."""

    agent: str
    system_prompt_hash: str
    diff: str


class MechanismStep(Frozen):
    """One claim about how the cause leads to the failure, with the words that bear it out."""

    says: str
    evidence: Evidence


class RivalCause(Frozen):
    """Another cause that was considered, with the numbers that were measured for it."""

    says: str
    why_not: str
    agent: str
    feature: str
    """A feature of the contrast, or `in: words` / `out: words` that the agent was given or gave."""
    failing: Rate
    healthy: Rate
    p_value: float
    """Adjusted for everything that was tried."""
    separates: bool


class PatchTrial(Frozen):
    """Recorded requests of held-out sessions put again, with the old and with the patched prompt.

    `fixed`: of failing sessions that failed again with the old prompt, those that pass with the new
    one. `broken`: of passing sessions that passed again, those that fail with the new one.
    """

    fixed: Rate
    broken: Rate


class ModelExplanation(Frozen):
    """What a language model added, as far as it stood the check.

    `n_verified` of `n_claims` claims had a quote that stands and that a blind judge held sufficient.
    Without a mechanism the statistics speak alone and `reason` says why.
    """

    model: str
    root_cause: str | None = None
    mechanism: tuple[MechanismStep, ...] = ()
    n_verified: int = 0
    n_claims: int = 0
    reason: str | None = None
    cost_usd: float = 0.0
    cost_tokens: int = 0
    trial: PatchTrial | None = None
    trial_reason: str | None = None
    """Why the patch was not tried, or why the patch that was tried is not the one proposed."""
    rivals: tuple[RivalCause, ...] = ()


class Finding(Frozen):
    """A root cause with everything that supports it."""

    id: str
    project: str
    state: FindingState
    title: str
    root_cause: str
    trigger: str | None
    blamed_agent: str | None
    blamed_step: str | None
    surfaced_agent: str
    feature: str | None
    basis: Basis
    n_sessions: int
    session_ids: tuple[str, ...]
    failing: Rate
    healthy: HealthyRate
    p_value: float | None
    q_value: float
    n_tests: int
    verdict_sources: tuple[SignalSource, ...]
    evidence: tuple[Evidence, ...]
    tags: tuple[str, ...]
    prompt_patch: PromptPatch | None
    prompt_patch_reason: str | None
    engine: str
    engine_version: str
    cluster_id: str
    revision: int
    created_at: datetime
    source_cluster_ids: tuple[str, ...] = ()
    healthy_evidence: tuple[Evidence, ...] = ()
    tried: tuple[str, ...] = ()
    """What was tried, in words, when no cause separates; else the rivals that lost."""
    explanation: ModelExplanation | None = None
    """None where no model is configured."""
