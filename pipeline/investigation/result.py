"""What a contrast found, as the stage hands it on.

In: nothing. Out: `ContrastResult`. Next: evidence, patch and wording read it.
"""

from pipeline.model.cluster import Rate
from pipeline.model.finding import Basis, HealthyRate
from pipeline.model.frozen import Frozen
from pipeline.model.signal import SignalSource


class FeatureResult(Frozen):
    """One feature of one step: how strongly it separates, alone and within the trigger's strata.

    `cut` is the threshold at which the session counts as showing it; the rates are taken there.
    A negative `effect` means that failing sessions lack it.
    """

    agent: str
    step: str
    feature: str
    depth: int
    effect: float
    t: float
    p_value: float
    cut: float
    failing: Rate
    healthy: Rate


class ContrastResult(Frozen):
    """The outcome of a contrast; `blamed` is None when no cause separates."""

    cluster_id: str
    agent: str
    surfaced_agent: str
    basis: Basis
    blamed: FeatureResult | None
    trigger: FeatureResult | None
    rivals: tuple[FeatureResult, ...]
    """Other features that separate, strongest first."""
    p_value: float | None
    n_tests: int
    failing: Rate
    healthy: HealthyRate
    failing_ids: tuple[str, ...]
    """Failing sessions that show the blamed feature (the cluster's, when nothing is blamed)."""
    healthy_ids: tuple[str, ...]
    """Healthy sessions to compare with: first those with the trigger and without the feature."""
    verdict_sources: tuple[SignalSource, ...]
    downstream: tuple[str, ...]
    """Agents that act after the blamed step."""
    reason: str
    tried: tuple[str, ...]
