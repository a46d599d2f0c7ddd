"""The gate: may anybody investigate this cluster?

In: all clusters of a project with their raw p-values. Out: the same with q-value, state and reason.
Next: every OPEN cluster gets an investigation. Pure; the order of the clusters does not matter.

Rules that a language model proposed are held against all clusters and against one another, whichever
is stricter. The clusters of the statistics are held against one another alone: a model may add to
what they find, and cannot take away from it by proposing many rules that do not hold.
"""

from collections.abc import Sequence

from pipeline.aggregation.settings import AggregationSettings
from pipeline.model.cluster import Cluster, GateState
from pipeline.population.statistics import benjamini_hochberg


def gate_project(
    clusters: Sequence[Cluster], settings: AggregationSettings | None = None
) -> tuple[Cluster, ...]:
    """Benjamini-Hochberg over the project, then the state of each; the order given is kept."""
    limits = settings or AggregationSettings()
    tested = [c for c in clusters if is_tested(c, limits)]
    own = [c for c in tested if not c.proposals]
    proposed = [c for c in tested if c.proposals]
    beside, alone = _q_values(tested), _q_values(proposed)
    q_of = _q_values(own) | {c.id: max(beside[c.id], alone[c.id]) for c in proposed}
    return tuple(_gated(c, q_of.get(c.id, 1.0), limits) for c in clusters)


def _q_values(tested: Sequence[Cluster]) -> dict[str, float]:
    q_values = benjamini_hochberg([c.p_value for c in tested])
    return dict(zip((c.id for c in tested), q_values, strict=True))


def is_tested(cluster: Cluster, limits: AggregationSettings) -> bool:
    """Noise has no rule to test, and without enough healthy sessions there is nothing to test."""
    return not cluster.noise and cluster.healthy.n >= limits.min_healthy


def _gated(cluster: Cluster, q: float, limits: AggregationSettings) -> Cluster:
    state, reason = _state(cluster, q, limits)
    return cluster.model_copy(update={"q_value": q, "gate": state, "reason": reason})


def _state(cluster: Cluster, q: float, limits: AggregationSettings) -> tuple[GateState, str]:
    below, failing, healthy = GateState.BELOW_GATE, cluster.failing, cluster.healthy
    if cluster.noise:
        return below, "noise: these hypotheses have no neighbours"
    if healthy.n < limits.min_healthy:
        missing = limits.min_healthy - healthy.n
        return GateState.UNCONFIRMED, (
            f"{failing.k} of {failing.n} failing and {healthy.k} of {healthy.n} healthy sessions; "
            f"{missing} more healthy sessions are needed for a comparison"
        )
    if failing.k < limits.min_sessions:
        return below, f"{failing.k} failing sessions, {limits.min_sessions} are needed"
    if cluster.n_blocks < limits.min_blocks:
        return below, f"from {cluster.n_blocks} blocks, {limits.min_blocks} are needed"
    if q > limits.max_q:
        return below, (
            f"{failing.k} of {failing.n} failing against {healthy.k} of {healthy.n} healthy "
            f"sessions is not enough of a difference (q = {q:.2g})"
        )
    return GateState.OPEN, f"q = {q:.2g}"
