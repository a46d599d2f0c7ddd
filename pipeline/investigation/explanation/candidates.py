"""Pure: a candidate feature in numbers, over all sessions of an agent or over those that can be read.

In: a candidate, session rows or steps. Out: `Measured`. Next: the model, which thinks with it, and
`check`, which puts it beside a rival.

A candidate was thought of after the sessions were seen, so its p is Fisher's, two-sided, times all
that the contrast had tried already.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.investigation.explanation.contracts import Candidate, Measured
from pipeline.investigation.strata import best_cut
from pipeline.model.cluster import Rate
from pipeline.model.session import SessionRow
from pipeline.model.step import Step
from pipeline.population.features import Population
from pipeline.population.statistics import fisher, wilson

Bools = NDArray[np.bool_]
SIDES = ("in", "out")
MAX_NEEDLE = 200
MIN_NEEDLE = 2


def words_of(candidate: Candidate) -> tuple[str, str] | None:
    """(side, words) of a candidate that names words; None for one that names a feature."""
    side, colon, text = candidate.feature.partition(":")
    words = text.strip().lower()[:MAX_NEEDLE]
    return (side, words) if colon and side in SIDES and len(words) >= MIN_NEEDLE else None


def measure_feature(
    candidate: Candidate, agent: str, rows: Sequence[SessionRow], n_tests: int
) -> Measured | None:
    """A feature over all sessions in which `agent`, the cluster's, acts; None for an unknown one."""
    population = Population(agent, rows)
    columns = [
        values
        for key, values in population.columns.items()
        if (key.agent, key.trait) == (candidate.agent, candidate.feature)
    ]
    if not columns:
        return None
    values = np.max(np.stack(columns), axis=0)
    labels = population.labels(candidate.feature)
    known = labels.known
    shown = values >= best_cut(values[known], labels.failing[known]) if known.any() else values > 0
    return _measured(candidate, (shown & known, labels.failing, labels.healthy), n_tests)


def measure_words(
    candidate: Candidate, steps: Mapping[str, Sequence[Step]], n_tests: int
) -> Measured | None:
    """Words on one side of an agent, over the sessions that can be read."""
    asked = words_of(candidate)
    if asked is None or not any(s.agent == candidate.agent for of in steps.values() for s in of):
        return None
    side, words = asked
    names = sorted(steps)
    shown = np.array([_holds(steps[name], candidate.agent, side, words) for name in names], bool)
    failing = np.array([name.startswith("F") for name in names], bool)
    return _measured(candidate, (shown, failing, ~failing), n_tests)


def _holds(steps: Sequence[Step], agent: str, side: str, words: str) -> bool:
    messages = [
        m for s in steps if s.agent == agent for m in (s.inputs if side == "in" else s.outputs)
    ]
    return any(words in message.content.text.lower() for message in messages)


def _measured(candidate: Candidate, sets: tuple[Bools, Bools, Bools], n_tests: int) -> Measured:
    shown, failing, healthy = sets
    k, n = int((shown & failing).sum()), int(failing.sum())
    m, of = int((shown & healthy).sum()), int(healthy.sum())
    with_it = fisher(_rate(k, n), _rate(m, of))
    without = fisher(_rate(n - k, n), _rate(of - m, of))
    return Measured(
        agent=candidate.agent,
        feature=candidate.feature,
        failing=wilson(k, n),
        healthy=wilson(m, of),
        p_value=min(1.0, 2 * min(with_it, without) * max(1, n_tests)),
    )


def _rate(k: int, n: int) -> Rate:
    return Rate(k=k, n=n, low=0.0, high=1.0)
