"""Counting and testing the members of a rule, whoever made it.

In: members of a rule, labels, the population. Out: rates, a raw p-value. Next: `aggregate` and
`proposed` make clusters of them.
"""

import hashlib

import numpy as np

from pipeline.aggregation.settings import AggregationSettings
from pipeline.model.cluster import Rate
from pipeline.population.features import Bools, Labels, Population
from pipeline.population.statistics import design_effect, fisher, in_blocks, looks_factor, wilson


def counts(members: Bools, labels: Labels) -> tuple[Rate, Rate]:
    """Members among the failing and among the healthy sessions, with Wilson intervals."""
    return (
        wilson(int((members & labels.failing).sum()), int(labels.failing.sum())),
        wilson(int((members & labels.healthy).sum()), int(labels.healthy.sum())),
    )


def p_value(
    population: Population, members: Bools, labels: Labels, limits: AggregationSettings
) -> float:
    """Fisher's one-sided test in blocks, with the price of looking again and again."""
    failing, healthy = counts(members, labels)
    known = labels.known
    effect = design_effect(members[known], labels.failing[known], population.block_of[known])
    p = in_blocks(fisher(failing, healthy), effect)
    return min(1.0, p * looks_factor(failing.n + healthy.n, limits.first_look))


def ids_of(population: Population, members: Bools) -> tuple[str, ...]:
    """The ids of the chosen sessions."""
    return tuple(np.asarray(population.session_ids, object)[members])


def hashed(*parts: str) -> str:
    """A short digest of several texts."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
