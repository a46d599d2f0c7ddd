"""Everything that is tried: one or more columns for each feature of each step.

In: a population and which of its sessions enter the test. Out: `Columns`, a matrix with its names.
Next: `permutation` tests all columns at once.

A feature's columns are its ranks and, for values that are not binary, its verdict-blind cuts: ranks
find gradual effects, cuts find thresholds. What hardly any session differs in is not tried.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from pipeline.investigation.settings import ContrastSettings
from pipeline.model.cluster import Rule
from pipeline.population.features import Population
from pipeline.population.rules import cuts
from pipeline.traits import RULE, TERM, Meaning, Tier, meaning, rule_name

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Tried(NamedTuple):
    """A feature of a step: a trait, or `term:<side>:<term>`."""

    agent: str
    step: str
    name: str

    @property
    def meaning(self) -> Meaning:
        """What it means, in words."""
        return meaning(self.name)

    @property
    def is_input(self) -> bool:
        """A trait or term of what came from outside: it may trigger, it is never to blame."""
        return self.meaning.tier is Tier.SHAPE

    @property
    def is_term(self) -> bool:
        """A word on one side of a step."""
        return self.name.startswith(TERM)

    @property
    def is_rule(self) -> bool:
        """A rule that a language model proposed."""
        return self.name.startswith(RULE)

    @property
    def is_config(self) -> bool:
        """Set by a deployment, not by the session."""
        return self.name.startswith("config.")

    @property
    def may_lack(self) -> bool:
        """Whether its absence can be a fault: a tool not called, a phrase not written."""
        return self.name.startswith(("run.tool=", "term:added:"))


class Column(NamedTuple):
    """One column of a feature: `cut` is the threshold of a binary one, None for ranks."""

    tried: Tried
    cut: float | None
    raw: Floats


class Columns:
    """All columns over the tested sessions, centred and at unit length in `matrix`."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        ranks = [scipy.stats.rankdata(c.raw) if c.cut is None else c.raw >= c.cut for c in columns]
        self.matrix = unit(np.array(ranks, np.float64).T if ranks else np.zeros((0, 0)))

    @property
    def tried(self) -> tuple[Tried, ...]:
        """The feature of each column."""
        return tuple(c.tried for c in self.columns)


def unit(matrix: Floats) -> NDArray[np.float32]:
    """Columns centred and scaled to unit length; constant ones become zero."""
    if not matrix.size:
        return matrix.astype(np.float32)
    centred = matrix - matrix.mean(axis=0)
    return scaled(centred)


def scaled(centred: Floats) -> NDArray[np.float32]:
    """Columns at unit length; what is left of a constant by rounding becomes zero."""
    norms = np.linalg.norm(centred, axis=0)
    dead = norms < 1e-6 * max(1.0, float(len(centred)) ** 0.5)
    return np.where(dead, 0.0, centred / np.where(dead, 1.0, norms)).astype(np.float32)


def build_columns(
    population: Population, used: Bools, settings: ContrastSettings, proposed: Rule | None = None
) -> Columns:
    """The columns of all traits and terms of all steps of the used sessions, and of a proposed rule."""
    found = [*_traits(population, used, settings), *_terms(population, used, settings)]
    if proposed is not None:
        found += _rule(population, used, proposed)
    return Columns(list(_without_twins(found)))


def _rule(population: Population, used: Bools, rule: Rule) -> Iterable[Column]:
    """A rule of one condition that a trait or term has a column for says nothing more than that."""
    first = rule.conditions[0]
    if len(rule.conditions) > 1 or first.below:
        tried = Tried(first.agent, first.step, rule_name(rule))
        yield Column(tried, None, population.members(rule)[used].astype(np.float64))


def _traits(population: Population, used: Bools, settings: ContrastSettings) -> Iterable[Column]:
    for key, values in population.columns.items():
        tried, column = Tried(*key), values[used]
        levels, counts = np.unique(column, return_counts=True)
        if len(column) - int(counts.max(initial=0)) < settings.min_support:
            continue
        yield Column(tried, None, column)
        if len(levels) > 2:
            n = len(column)
            share = 1 - settings.min_support / n
            for cut in cuts(column, settings.min_support, share, 0.98):
                yield Column(tried, cut.threshold, column)


def _terms(population: Population, used: Bools, settings: ContrastSettings) -> Iterable[Column]:
    rows = [row for row, use in zip(population.rows, used, strict=True) if use]
    counts = Counter(
        Tried(t.agent, t.step, f"term:{side}:{term}")
        for row in rows
        for t in row.interrogate.terms
        for side, words in (("external", t.external), ("added", t.added), ("dropped", t.dropped))
        for term in words
    )
    n, least = len(rows), max(settings.min_support, round(0.03 * len(rows)))
    kept = sorted(
        (tried for tried, k in counts.items() if least <= k <= n - settings.min_support),
        key=lambda tried: (abs(2 * counts[tried] - n), tried),
    )[: settings.max_terms]
    index = {tried: i for i, tried in enumerate(sorted(kept))}
    matrix = np.zeros((len(index), n), np.float32)
    for i, row in enumerate(rows):
        for t in row.interrogate.terms:
            sides = (("external", t.external), ("added", t.added), ("dropped", t.dropped))
            for side, words in sides:
                for term in words:
                    at = index.get(Tried(t.agent, t.step, f"term:{side}:{term}"))
                    if at is not None:
                        matrix[at, i] = 1.0
    for tried, at in index.items():
        yield Column(tried, None, matrix[at])


def _without_twins(columns: Iterable[Column]) -> Iterable[Column]:
    """One column of those of a step and kind with equal values: terms come in fixed phrases."""
    seen: set[tuple[str, str, str, bytes]] = set()
    for column in columns:
        is_term = column.tried.is_term
        kind = column.tried.name.split(":")[1] if is_term else column.tried.name
        values = column.raw if column.cut is None else column.raw >= column.cut
        key = (column.tried.agent, column.tried.step, kind, np.asarray(values).tobytes())
        if key not in seen:
            seen.add(key)
            yield column
