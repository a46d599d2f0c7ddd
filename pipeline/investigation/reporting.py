"""Scores into a `ContrastResult`: rates, sessions to quote, rivals, what was tried.

In: scored features and the population. Out: `ContrastResult`. Next: wording, evidence, patch.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.investigation.blame import Scored
from pipeline.investigation.columns import Columns
from pipeline.investigation.positions import Positions
from pipeline.investigation.result import ContrastResult, FeatureResult
from pipeline.investigation.strata import best_cut
from pipeline.model.cluster import Cluster
from pipeline.model.finding import Basis, HealthyRate
from pipeline.model.session import SessionRow
from pipeline.model.signal import SignalSource, VerdictLabel
from pipeline.population.features import Population
from pipeline.population.statistics import wilson

Bools = NDArray[np.bool_]
MAX_RIVALS = 8
MAX_TRIED = 12
MAX_COMPARED = 20


class Report:
    """Turns the scores of one contrast into its result."""

    def __init__(
        self, population: Population, used: Bools, columns: Columns, positions: Positions
    ) -> None:
        self._rows = [r for r, use in zip(population.rows, used, strict=True) if use]
        self._columns, self._positions = columns, positions
        self._failing = population.labels().failing[used]
        self._healthy = population.labels().healthy[used]

    def blamed(
        self,
        cluster: Cluster,
        found: Scored,
        basis: Basis,
        trigger: Scored | None,
        separating: Sequence[Scored],
    ) -> ContrastResult:
        """A cause is named."""
        overall = {s.tried: s for s in separating}
        shown = self.shows(overall.get(found.tried, found))
        with_trigger = self.shows(trigger) if trigger else np.ones(len(shown), bool)
        shown_already = {s.tried for s in (found, trigger) if s}
        rivals = sorted(separating, key=lambda s: (-s.t, s.tried))
        return self._result(
            cluster,
            basis=basis,
            blamed=self._feature(overall.get(found.tried, found)),
            trigger=self._feature(trigger) if trigger else None,
            rivals=tuple(self._feature(s) for s in rivals if s.tried not in shown_already)[
                :MAX_RIVALS
            ],
            p_value=max(found.p, overall.get(found.tried, found).p),
            members=shown,
            compared=with_trigger & ~shown,
            downstream=self._positions.downstream(found.tried.agent, found.tried.step),
            reason="",
            tried=self._tried(rivals, found, trigger),
        )

    def nothing(
        self,
        cluster: Cluster,
        members: Bools,
        reason: str,
        trigger: Scored | None,
        separating: Sequence[Scored],
        scored: Sequence[Scored],
    ) -> ContrastResult:
        """No cause separates; says what was tried."""
        strongest = sorted(scored, key=lambda s: (-s.t, s.tried))
        return self._result(
            cluster,
            basis=Basis.NONE,
            blamed=None,
            trigger=self._feature(trigger) if trigger else None,
            rivals=tuple(self._feature(s) for s in strongest[:MAX_RIVALS]),
            p_value=None,
            members=members,
            compared=~members,
            downstream=(),
            reason=reason,
            tried=self._tried(strongest, None, trigger),
        )

    def _result(
        self, cluster: Cluster, *, members: Bools, compared: Bools, **fields: object
    ) -> ContrastResult:
        failing, healthy = members & self._failing, self._healthy
        confirmed = sum(
            row.verdict.confirmed for row, h in zip(self._rows, healthy, strict=True) if h
        )
        rate = wilson(int((members & healthy).sum()), int(healthy.sum()))
        return ContrastResult.model_validate(
            {
                "cluster_id": cluster.id,
                "agent": cluster.agent,
                "surfaced_agent": self._positions.last_agent,
                "n_tests": len(self._columns.columns),
                "failing": wilson(int(failing.sum()), int(self._failing.sum())),
                "healthy": HealthyRate(
                    **rate.model_dump(),
                    confirmed_n=confirmed,
                    presumed_n=int(healthy.sum()) - confirmed,
                ),
                "failing_ids": self._ids(failing),
                "healthy_ids": self._compared(healthy & ~members, compared),
                "verdict_sources": self._sources(failing),
                **fields,
            }
        )

    def _feature(self, scored: Scored) -> FeatureResult:
        cut, shown = self._cut(scored), self.shows(scored)
        return FeatureResult(
            agent=scored.tried.agent,
            step=scored.tried.step,
            feature=scored.tried.name,
            depth=scored.depth,
            effect=round(scored.r, 6),
            t=round(scored.t, 6),
            p_value=scored.p,
            cut=cut,
            failing=wilson(int((shown & self._failing).sum()), int(self._failing.sum())),
            healthy=wilson(int((shown & self._healthy).sum()), int(self._healthy.sum())),
        )

    def _cut(self, scored: Scored) -> float:
        column = self._columns.columns[scored.column]
        return best_cut(column.raw, self._failing) if column.cut is None else column.cut

    def shows(self, scored: Scored) -> Bools:
        """Sessions that count as showing the feature; for a lack, those without it."""
        above = self._columns.columns[scored.column].raw >= self._cut(scored)
        return above if scored.r > 0 else ~above

    def _compared(self, healthy: Bools, first: Bools) -> tuple[str, ...]:
        both = [*self._ids(healthy & first), *self._ids(healthy & ~first)]
        return tuple(both[:MAX_COMPARED])

    def _ids(self, chosen: Bools) -> tuple[str, ...]:
        return tuple(r.session_id for r, use in zip(self._rows, chosen, strict=True) if use)

    def _sources(self, failing: Bools) -> tuple[SignalSource, ...]:
        chosen: Sequence[SessionRow] = [
            r for r, use in zip(self._rows, failing, strict=True) if use
        ]
        return tuple(
            sorted(
                {
                    source
                    for row in chosen
                    if row.verdict.label is VerdictLabel.FAILING
                    for source in row.verdict.sources
                }
            )
        )

    def _tried(
        self, ranked: Sequence[Scored], found: Scored | None, trigger: Scored | None
    ) -> tuple[str, ...]:
        skipped = {s.tried for s in (found, trigger) if s}
        shown = [s for s in ranked if s.tried not in skipped][:MAX_TRIED]
        return tuple(
            f"{s.tried.agent}, {s.tried.step}: {s.tried.meaning.noun} ({s.tried.name}), "
            f"adjusted p = {s.p:.2g}"
            for s in shown
        )
