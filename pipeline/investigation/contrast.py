"""What separates the failing sessions of a cluster from healthy ones, and who is to blame.

In: a cluster and all session rows of its agent. Out: `ContrastResult`. Next: `statistical` makes a
finding of it.

Labels are failing against healthy over the agent's whole population: members against others would
find the cluster's own rule again. Only features that go along with membership, which is blind to
the verdict, can explain this cluster.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.investigation.blame import Scored, blame, named_for, upstream_loss
from pipeline.investigation.columns import Columns, Tried, build_columns, scaled, unit
from pipeline.investigation.permutation import LabelSet, MaxT, Shuffle, max_t
from pipeline.investigation.positions import Positions
from pipeline.investigation.reporting import Report
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.settings import ContrastSettings
from pipeline.investigation.strata import strata_of, within
from pipeline.model.cluster import Cluster
from pipeline.model.finding import Basis
from pipeline.model.session import SessionRow
from pipeline.population.features import Population
from pipeline.traits import Tier

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
HANDOFF_ALSO = ("run.truncated", "run.loop", "run.tool_error_text", "run.span_error", "run.no_tool")
COMPLAINTS = ("symptom.user_corrects", "symptom.user_gives_up", "symptom.user_repeats")
MAX_CUT_SHORT = 0.05
ALIGNED_SIGMAS = 2.0
MOSTLY, SHARED = 0.8, 0.8
"""A trait goes along with a feature if most of the feature's failing sessions show it, or nearly
the share of all failing sessions that do."""


def contrast(
    cluster: Cluster,
    rows: Sequence[SessionRow],
    settings: ContrastSettings | None = None,
) -> ContrastResult:
    """Contrast the agent's failing with its healthy sessions and blame along the data flow.

    The failures of another fault blur the labels. Where nothing is to blame, and a hard difference
    that has nothing to do with this cluster separates, its sessions are left out and all is tried
    once more, at half the error.
    """
    limits = settings or ContrastSettings()
    population = Population(cluster.agent, rows)
    trial = _Trial(cluster, population, limits)
    result = trial.run()
    other = trial.other_fault() if result.blamed is None else None
    if other is None:
        return result
    stricter = limits.model_copy(update={"alpha": limits.alpha / 2})
    again = _Trial(cluster, population, stricter, without=other.sessions).run()
    if again.blamed is None:
        return result
    return again.model_copy(update={"tried": (other.left_out, *again.tried)})


def _is_cut_short(population: Population, failing: Bools) -> bool:
    """Whether many failing sessions are read up to a complaint only: they lack what healthy ones,
    which are read whole, come to later."""
    complained = [
        any(d.name in COMPLAINTS for d in row.enrich.detections)
        for row, fails in zip(population.rows, failing, strict=True)
        if fails
    ]
    return sum(complained) > MAX_CUT_SHORT * len(complained)


class _OtherFault(NamedTuple):
    """Sessions that another fault explains, and how to say so."""

    sessions: Bools
    left_out: str


class _Trial:
    """One contrast: the data of its steps, in the order of `run`."""

    def __init__(
        self,
        cluster: Cluster,
        population: Population,
        limits: ContrastSettings,
        without: Bools | None = None,
    ) -> None:
        rule = cluster.rule
        self.labels = population.labels_of(rule) if rule else population.labels()
        self.used = self.labels.known if without is None else self.labels.known & ~without
        # What a model had read when it proposed the rule is no test of it.
        self.used &= ~population.in_blocks_of(cluster.suggested_by)
        self.strangers: list[Scored] = []
        self.everything: list[Scored] = []
        self.n_inputs = 0
        self.cluster, self.population, self.limits = cluster, population, limits
        self.members = (population.members(rule) if rule else np.zeros(len(population.rows), bool))[
            self.used
        ]
        self.cut_short = _is_cut_short(population, self.labels.failing & self.used)
        proposed = rule if cluster.proposals else None
        self.columns: Columns = build_columns(population, self.used, limits, proposed)
        self.positions = Positions(population.rows)
        seed = f"{limits.seed_salt} {cluster.agent}"
        self.seed = int(hashlib.sha256(seed.encode()).hexdigest()[:16], 16)
        self.report = Report(population, self.used, self.columns, self.positions)

    def run(self) -> ContrastResult:
        """Everything against the labels, the trigger, then the blame within its strata."""
        failing, healthy = self.labels.failing[self.used], self.labels.healthy[self.used]
        if failing.sum() < 1 or healthy.sum() < self.limits.min_healthy:
            return self._nothing("too few healthy sessions to compare with", None, [], None)
        if not self.columns.columns:
            return self._nothing("no feature varies between the sessions", None, [], None)
        overall = self._test(self.columns.matrix, np.zeros(int(self.used.sum()), np.int64))
        scored = self._scored(overall, range(len(self.columns.columns)))
        known = {s.tried for s in scored}
        unaligned = self._scored(overall, range(len(self.columns.columns)), aligned=False)
        self.everything = [*scored, *unaligned]
        self.strangers = [s for s in unaligned if s.tried not in known]
        separating = [s for s in scored if s.p <= self.limits.alpha]
        self.n_inputs = sum(
            s.tried.is_input and s.p <= self.limits.alpha for s in unaligned + scored
        )
        trigger = self._trigger(separating, self._blame_depth(separating))
        return self._blamed(scored, separating, trigger)

    def _blamed(
        self, scored: Sequence[Scored], separating: Sequence[Scored], trigger: Scored | None
    ) -> ContrastResult:
        near_tie = self.limits.near_tie
        losses = [s for s in separating if _may_blame(s)]
        conditional = self._conditional(losses, separating, trigger)
        found = blame([s for s in conditional if s.p <= self._level(s, trigger)], near_tie)
        basis = Basis.CONDITIONAL
        if trigger is not None:
            least = self.limits.mediates * max(s.t for s in [trigger, *losses])
            handoffs = [s for s in losses if _is_handoff(s.tried) and s.t >= least]
            upstream = upstream_loss(found, handoffs, near_tie) if found else None
            if found is None or upstream is not None:
                found, basis = upstream or blame(handoffs, near_tie), Basis.HANDOFF
        if found is not None:
            found = self._named_for(found)
            held = {s.tried for s in conditional if s.p <= self.limits.alpha}
            if found is not None and trigger is not None and found.tried not in held:
                basis = Basis.HANDOFF
        if found is None:
            reason = "no step's own difference separates failing from healthy sessions"
            return self._nothing(reason, trigger, separating, scored)
        return self.report.blamed(self.cluster, found, basis, trigger, separating)

    def _named_for(self, found: Scored) -> Scored | None:
        """The feature that the finding names: what the same failing sessions show as well."""
        overall = {s.tried: s for s in self.everything}
        known = overall.get(found.tried, found)
        failing = self.labels.failing[self.used]
        these = self.report.shows(known) & failing

        def goes_along(other: Scored) -> bool:
            shown = self.report.shows(other)
            among, usual = shown[these].mean() if these.any() else 0.0, shown[failing].mean()
            return bool(among >= min(MOSTLY, SHARED * usual))

        separating = [s for s in self.everything if _may_blame(s) and s.p <= self.limits.alpha]
        named = named_for(known._replace(p=found.p), separating, goes_along)
        if named is None or named.tried != found.tried:
            return named
        return found

    def _level(self, scored: Scored, trigger: Scored | None) -> float:
        """The p at which it may be named. Without a trigger all clusters of the agent share one test.

        With one, another cluster may choose another trigger and so test anew: terms, of which there
        are a thousand, share the error among all inputs that could be one. A rule that a model proposed
        is one of many that it did: its own exact test must stand for all of them together.
        """
        if (
            scored.tried.is_rule
            and self.cluster.p_value * self.cluster.n_proposed > self.limits.alpha
        ):
            return 0.0
        if trigger is None or not scored.tried.is_term:
            return self.limits.alpha
        return self.limits.alpha / max(1, min(self.n_inputs, self.limits.max_triggers))

    def _conditional(
        self, losses: Sequence[Scored], separating: Sequence[Scored], trigger: Scored | None
    ) -> list[Scored]:
        """The candidates for the blame, which separate overall, again among equal input: within
        the trigger's strata, and freed of what follows other separating shapes of the input."""
        if trigger is None or not losses:
            return list(losses)
        y = self.labels.failing[self.used]
        values = self.columns.columns[trigger.column]
        strata = strata_of(values, y)
        candidates = {s.tried for s in losses}
        usable = [i for i, tried in enumerate(self.columns.tried) if tried in candidates]
        matrix = np.zeros_like(self.columns.matrix)
        shapes = sorted((s for s in separating if _is_shape(s)), key=lambda s: (-s.t, s.tried))
        seen = {trigger.column, *(s.column for s in shapes[: self.limits.max_shapes])}
        inputs = np.column_stack([self.columns.columns[i].raw for i in sorted(seen)])
        matrix[:, usable] = scaled(within(self.columns.matrix[:, usable], strata, inputs))
        tested = self._test(matrix, strata)
        return [s for s in self._scored(tested, usable) if _may_blame(s)]

    def _test(self, matrix: NDArray[np.float32], strata: NDArray[np.int64]) -> MaxT:
        """Max-T of all columns; traits whose detector also votes get their own labels."""
        families: dict[str | None, list[int]] = {}
        for i, tried in enumerate(self.columns.tried):
            families.setdefault(self._family(tried), []).append(i)
        sets: list[LabelSet] = []
        for family, columns in families.items():
            labels = self.population.labels_without(family)
            y = np.where(labels.failing, 1.0, 0.0)[self.used]
            known = labels.known[self.used]
            y = np.where(known, y, y[known].mean() if known.any() else 0.0)
            centred = within(y[:, None], strata, None)
            sets.append(LabelSet(scaled(centred)[:, 0], np.array(columns)))
        shuffle = Shuffle(self.population.block_of[self.used], strata, self.seed)
        return max_t(matrix, sets, shuffle, self.limits.n_permutations)

    def _family(self, tried: Tried) -> str | None:
        """The voting family that a column rests on, a proposed rule by its conditions."""
        rule = self.cluster.rule
        if not tried.is_rule or rule is None:
            return self.population.family_of.get(tried.name)
        return self.population.family_of_rule(rule)

    def other_fault(self) -> _OtherFault | None:
        """The strongest hard difference that separates without going along with the cluster."""
        others = [
            s
            for s in self.strangers
            if s.tier is Tier.HARD and _may_blame(s) and s.p <= self.limits.alpha
        ]
        if not others:
            return None
        strongest = min(others, key=lambda s: (-s.t, s.tried))
        sessions = np.zeros(len(self.used), bool)
        sessions[self.used] = self.report.shows(strongest)
        tried = strongest.tried
        said = (
            f"left out {int(sessions.sum())} sessions of another fault: {tried.agent}, {tried.name}"
        )
        return _OtherFault(sessions, said)

    def _scored(
        self, tested: MaxT, among: Sequence[int] | range, *, aligned: bool = True
    ) -> list[Scored]:
        """Each feature by its best column: those aligned with the cluster, or the others."""
        along = unit(self.members[:, None].astype(np.float64))[:, 0] @ self.columns.matrix
        least = ALIGNED_SIGMAS / max(1, len(self.members)) ** 0.5
        best: dict[Tried, Scored] = {}
        for i in among:
            tried, r = self.columns.tried[i], float(tested.r[i])
            if r == 0.0 or bool(along[i] * np.sign(r) >= least) is not aligned:
                continue
            if self.cut_short and (r < 0 or tried.name.startswith("run.no_tool")):
                continue
            depth = self.positions.depth(tried.agent, tried.step)
            one = Scored(tried, depth, i, r, float(tested.t[i]), float(tested.p[i]))
            if tried not in best or one.t > best[tried].t:
                best[tried] = one
        return [best[tried] for tried in sorted(best)]

    def _blame_depth(self, separating: Sequence[Scored]) -> int | None:
        """Where the earliest difference of a step that holds its own stands."""
        first = blame([s for s in separating if _may_blame(s)], self.limits.near_tie)
        return None if first is None else first.depth

    def _trigger(self, separating: Sequence[Scored], deepest: int | None) -> Scored | None:
        """The strongest separating feature of what came from outside, no deeper than the blame: what
        a later agent gets (the results of its tools) may follow from what this one said."""
        inputs = [s for s in separating if s.tried.is_input]
        inputs = [s for s in inputs if deepest is None or s.depth <= deepest]
        if not inputs:
            return None
        near = self.limits.near_tie * max(s.t for s in inputs)
        return min(
            (s for s in inputs if s.t >= near),
            key=lambda s: (s.tried.is_term, *s.specific),
        )

    def _nothing(
        self,
        reason: str,
        trigger: Scored | None,
        separating: Sequence[Scored],
        scored: Sequence[Scored] | None,
    ) -> ContrastResult:
        return self.report.nothing(
            self.cluster, self.members, reason, trigger, separating, scored or ()
        )


def _may_blame(scored: Scored) -> bool:
    """A step's own difference, in the direction of a fault."""
    return not scored.tried.is_input and (scored.r > 0 or scored.tried.may_lack)


def _is_shape(scored: Scored) -> bool:
    return scored.tried.is_input and not scored.tried.is_term


def _is_handoff(tried: Tried) -> bool:
    return tried.name.startswith(("handoff.", *HANDOFF_ALSO))
