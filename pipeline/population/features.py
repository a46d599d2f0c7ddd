"""Session rows as columns: the values of every trait over all sessions of one agent.

In: session rows. Out: `Population`: rows in a fixed order, labels, blocks, `values(feature)`.
Next: `rules` finds which values are unusual; the contrast reads the same columns.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.model.cluster import Condition, Rule
from pipeline.model.detection import DetectorRole
from pipeline.model.session import SessionRow
from pipeline.model.signal import VerdictLabel
from pipeline.population.blocks import blocks
from pipeline.population.terms import term_members
from pipeline.traits import TERM
from pipeline.verdict import decide_row

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
NO_TOOL = "run.no_tool="
USUAL_TOOL = 0.5


class Feature(NamedTuple):
    """A trait of an agent's step."""

    agent: str
    step: str
    trait: str


class Labels(NamedTuple):
    """Which sessions fail, which are healthy; neither means unknown."""

    failing: Bools
    healthy: Bools

    @property
    def known(self) -> Bools:
        """Sessions that enter a test."""
        return self.failing | self.healthy


class Population:
    """All sessions in which an agent acts, sorted by session id, so that arrival order is gone."""

    def __init__(self, agent: str, rows: Sequence[SessionRow]) -> None:
        of_agent = {row.session_id: row for row in rows if agent in row.agents}
        self.agent = agent
        self.rows = tuple(of_agent[key] for key in sorted(of_agent))

    @cached_property
    def session_ids(self) -> tuple[str, ...]:
        """The ids in row order."""
        return tuple(row.session_id for row in self.rows)

    @cached_property
    def block_of(self) -> Ints:
        """The number of each session's block."""
        return blocks(self.rows)

    @cached_property
    def columns(self) -> Mapping[Feature, Floats]:
        """The worst value of every trait in each session, 0 where it does not show."""
        found: dict[Feature, Floats] = {}
        for i, row in enumerate(self.rows):
            for d in row.enrich.detections:
                if d.role is DetectorRole.SYMPTOM:
                    continue
                column = found.get(key := Feature(d.agent, d.step, d.name))
                if column is None:
                    column = found.setdefault(key, np.zeros(len(self.rows)))
                column[i] = max(column[i], d.value)
        found.update(self._left_out(found))
        return {key: found[key] for key in sorted(found)}

    def _left_out(self, found: Mapping[Feature, Floats]) -> dict[Feature, Floats]:
        """`run.no_tool=X` where an agent that usually calls X acted without calling it."""
        derived: dict[Feature, Floats] = {}
        for key, calls in found.items():
            if not key.trait.startswith("run.tool="):
                continue
            acted = self.acted(key.agent)
            if (calls > 0).sum() >= USUAL_TOOL * acted.sum():
                name = NO_TOOL + key.trait.partition("=")[2]
                derived[Feature(key.agent, key.step, name)] = (acted & (calls == 0)).astype(float)
        return derived

    def acted(self, agent: str) -> Bools:
        """In which sessions an agent acted."""
        return self._acted.get(agent, np.zeros(len(self.rows), bool))

    @cached_property
    def _acted(self) -> Mapping[str, Bools]:
        found: dict[str, Bools] = defaultdict(lambda: np.zeros(len(self.rows), bool))
        for i, row in enumerate(self.rows):
            for agent in row.agents:
                found[agent][i] = True
        return dict(found)

    @cached_property
    def family_of(self) -> Mapping[str, str]:
        """Traits whose detector also votes, with the family to leave out of the verdict."""
        return {
            d.name: d.family
            for row in self.rows
            for d in row.enrich.detections
            if d.role is DetectorRole.BOTH
        }

    def labels(self, trait: str | None = None) -> Labels:
        """The labels to test a trait against: without the votes of its own family."""
        return self.labels_without(self.family_of.get(trait) if trait else None)

    def labels_of(self, rule: Rule) -> Labels:
        """The labels to test a rule against."""
        return self.labels_without(self.family_of_rule(rule))

    def family_of_rule(self, rule: Rule) -> str | None:
        """The voting family that a rule rests on; no rule may rest on two."""
        voting = (self.family_of[c.trait] for c in rule.conditions if c.trait in self.family_of)
        return next(voting, None)

    def labels_without(self, family: str | None) -> Labels:
        """Failing and healthy when the votes of a family are left out."""
        cache = self.__dict__.setdefault("_label_cache", {})
        if family not in cache:
            said = [decide_row(row, family).label for row in self.rows]
            cache[family] = Labels(
                np.array([x is VerdictLabel.FAILING for x in said], bool),
                np.array([x is VerdictLabel.HEALTHY for x in said], bool),
            )
        return cache[family]

    def members(self, rule: Rule) -> Bools:
        """The sessions for which all conditions of a rule hold."""
        holds = np.ones(len(self.rows), bool)
        for condition in rule.conditions:
            reached = self._values(condition) >= condition.threshold
            holds &= ~reached if condition.below else reached
        return holds

    def in_blocks_of(self, session_ids: Set[str]) -> Bools:
        """These sessions and all that are not independent of them."""
        chosen = np.array([i in session_ids for i in self.session_ids], bool)
        return np.isin(self.block_of, self.block_of[chosen])

    def _values(self, condition: Condition) -> Floats:
        key = Feature(condition.agent, condition.step, condition.trait)
        if key.trait.startswith(TERM):
            return term_members(self.rows, *key).astype(np.float64)
        return self.columns.get(key, np.zeros(len(self.rows)))

    @cached_property
    def digest(self) -> str:
        """Over everything an investigation reads of these sessions."""
        total = hashlib.sha256()
        for row in self.rows:
            total.update(hashlib.sha256(row.model_dump_json().encode()).digest())
        return total.hexdigest()
