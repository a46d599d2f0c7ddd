"""Which sessions of an agent are worth a question to a language model (pure).

In: the agent's sessions, the project's clusters after the gate. Out: session ids, the best first.
Next: the store notes as many of them as the day allows, a workflow each asks.

The statistics go first: a failing session that a cluster above the gate holds is explained, and needs
no model. Where fewer are left than a cluster needs, or nothing can be tested for want of healthy
sessions, no answer could ever count, so nobody asks. Of the others a fourth is asked about at most:
sessions that were read test no rule that was read from them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from pipeline.aggregation.settings import AggregationSettings
from pipeline.model.cluster import Cluster, GateState
from pipeline.population.features import Population

MAX_SHARE = 0.25


def worth_asking(
    population: Population, clusters: Sequence[Cluster], limits: AggregationSettings
) -> tuple[str, ...]:
    """Failing sessions that nothing explains; of each block one before any second one."""
    labels = population.labels()
    explained = {
        session_id
        for cluster in clusters
        if cluster.gate is GateState.OPEN
        for session_id in cluster.session_ids
    }
    failing = [
        i for i in np.flatnonzero(labels.failing) if population.session_ids[i] not in explained
    ]
    if len(failing) < limits.min_sessions or labels.healthy.sum() < limits.min_healthy:
        return ()
    turns: dict[int, int] = defaultdict(int)
    ranked: list[tuple[int, str, str]] = []
    for i in sorted(failing, key=lambda i: _by_chance(population.session_ids[i])):
        block, session_id = int(population.block_of[i]), population.session_ids[i]
        ranked.append((turns[block], _by_chance(session_id), session_id))
        turns[block] += 1
    n_read = max(1, int(MAX_SHARE * len(failing)))
    return tuple(session_id for _, _, session_id in sorted(ranked)[:n_read])


def _by_chance(session_id: str) -> str:
    """An order that depends on nothing but the id."""
    return hashlib.sha256(session_id.encode()).hexdigest()
