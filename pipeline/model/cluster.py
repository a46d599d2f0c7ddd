"""A cluster of hypotheses of one agent, its membership rule, and what the gate said.

In: nothing. Out: `Rule`, `Rate`, `Proposal`, `Cluster`. Next: the gate opens investigations on clusters.
"""

from enum import StrEnum

from pipeline.model.evidence import Evidence
from pipeline.model.frozen import Frozen


class Rate(Frozen):
    """`k` of `n` with the Wilson interval [low, high] (95 %)."""

    k: int
    n: int
    low: float
    high: float


class Condition(Frozen):
    """`trait` of `agent` at `step` is at least `threshold` (the worst occurrence in the session).

    `below` turns it round; a trait that does not show has the value 0.
    """

    agent: str
    step: str
    trait: str
    threshold: float
    below: bool = False


class Rule(Frozen):
    """A membership rule: all conditions hold. Evaluated on every session, whoever produced it."""

    conditions: tuple[Condition, ...]


class Proposal(Frozen):
    """A hypothesis that a language model made of one failing session: words, quotes, and a rule.

    The words count for nothing. The rule is evaluated on every session; where that is tested, the
    sessions that suggested it are left out.
    """

    session_id: str
    agent: str
    step: str
    about: str
    """Which question it answers: why the agent `did` it, what it `lacked`, what it was `told`."""
    sentence: str
    evidence: tuple[Evidence, ...]
    rule: Rule


class GateState(StrEnum):
    """What the gate said of a cluster."""

    OPEN = "open"
    BELOW_GATE = "below_gate"
    UNCONFIRMED = "unconfirmed"


class Cluster(Frozen):
    """One cluster of one agent in one epoch. Noise is the cluster with `noise=True` and no rule.

    `p_value` is Fisher's one-sided exact test after the repeated-looks factor, `q_value` after
    Benjamini-Hochberg over the project's clusters. `revision` rises whenever `content_digest`
    changes; an investigation belongs to (id, revision). A cluster with `proposals` has its rule from
    a language model; `n_proposed` is how many distinct rules it proposed for the agent.
    """

    id: str
    project: str
    agent: str
    label: str
    rule: Rule | None
    noise: bool
    session_ids: tuple[str, ...]
    failing: Rate
    healthy: Rate
    n_blocks: int
    p_value: float
    q_value: float
    gate: GateState
    reason: str
    content_digest: str
    revision: int
    n_hypotheses: int
    proposals: tuple[Proposal, ...] = ()
    n_proposed: int = 0

    @property
    def suggested_by(self) -> frozenset[str]:
        """The sessions that a model had read when it proposed the rule."""
        return frozenset(proposal.session_id for proposal in self.proposals)
