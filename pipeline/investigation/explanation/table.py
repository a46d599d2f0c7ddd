"""Pure: the contrast as a table whose rows a model may refer to.

In: `ContrastResult`. Out: `Row`s named C1, C2 ...; C1 is what the statistics blame. Next: `brief`
shows them, `check` holds the model to them.
"""

import re
from typing import NamedTuple

from pipeline.investigation.explanation.contracts import Measured
from pipeline.investigation.instructions import instructions
from pipeline.investigation.result import ContrastResult, FeatureResult
from pipeline.investigation.wording import tried

MAX_ROWS = 15
NAMED_AT = 0.01
"""The adjusted p at which a cause is named (design section 7, gate)."""


class Row(NamedTuple):
    """One feature that was tried."""

    name: str
    feature: FeatureResult

    @property
    def separates(self) -> bool:
        """Strong enough to be named."""
        return self.feature.p_value <= NAMED_AT

    def words(self) -> str:
        """One line: what it is, and its numbers."""
        f = self.feature
        rates = f"{f.failing.k}/{f.failing.n} failing, {f.healthy.k}/{f.healthy.n} healthy"
        verdict = "separates" if self.separates else "does not separate"
        return (
            f"{self.name}: {f.agent} {tried(f).meaning.clause} (step {f.step}, feature {f.feature}): "
            f"{rates}, adjusted p {f.p_value:.2g}, {verdict}"
        )

    def measured(self) -> Measured:
        """Its numbers."""
        f = self.feature
        return Measured(
            agent=f.agent,
            feature=f.feature,
            failing=f.failing,
            healthy=f.healthy,
            p_value=f.p_value,
        )

    def keywords(self) -> list[str]:
        """The words of what the row says."""
        meaning = tried(self.feature).meaning
        return re.findall(r"\w+", f"{meaning.clause} {meaning.noun} {meaning.tag}".lower())

    def remedy_words(self) -> list[str]:
        """These, and those of what is known to help."""
        known = instructions(self.feature.feature, self.feature.effect)
        lines = () if isinstance(known, str) else known
        return [*self.keywords(), *re.findall(r"\w+", " ".join(lines).lower())]


def rows_of(result: ContrastResult) -> tuple[Row, ...]:
    """The blamed feature first, then its rivals, strongest first."""
    features = [result.blamed] if result.blamed is not None else []
    features += [f for f in result.rivals if f != result.blamed]
    return tuple(Row(f"C{i}", f) for i, f in enumerate(features[:MAX_ROWS], 1))


def handles(result: ContrastResult, limit: int = 12) -> dict[str, str]:
    """Short names of the sessions that may be read -> their ids."""
    failing = {f"F{i}": s for i, s in enumerate(sorted(result.failing_ids)[:limit], 1)}
    healthy = {f"H{i}": s for i, s in enumerate(sorted(result.healthy_ids)[:limit], 1)}
    return failing | healthy
