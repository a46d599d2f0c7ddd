"""A cluster of hypotheses of one agent, its membership rule, and what the gate said.

In: nothing. Out: `Rule`, `Rate`, `Cluster`. Next: the gate opens investigations on clusters.
"""

from enum import StrEnum

from pipeline.model.frozen import Frozen


class Rate(Frozen):
    """`k` of `n` with the Wilson interval [low, high] (95 %)."""

    k: int
    n: int
    low: float
    high: float


class Condition(Frozen):
    """`trait` of `agent` at `step` is at least `threshold` (the worst occurrence in the session)."""

    agent: str
    step: str
    trait: str
    threshold: float


class Rule(Frozen):
    """A membership rule: all conditions hold. Evaluated on every session, whoever produced it."""

    conditions: tuple[Condition, ...]


class GateState(StrEnum):
    """What the gate said of a cluster."""

    OPEN = "open"
    BELOW_GATE = "below_gate"
    UNCONFIRMED = "unconfirmed"


class Cluster(Frozen):
    """One cluster of one agent in one epoch. Noise is the cluster with `noise=True` and no rule.

    `p_value` is Fisher's one-sided exact test after the repeated-looks factor, `q_value` after
    Benjamini-Hochberg over the project's clusters. `revision` rises whenever `content_digest`
    changes; an investigation belongs to (id, revision).
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
