"""Tallies: what a handoff detector counts over the exchanges of one invocation.

In: bad and total counts with examples. Out: one detection. Next: `handoff` collects them.
"""

from dataclasses import dataclass, field

from pipeline.model.detection import Detection
from pipeline.model.evidence import Located
from pipeline.signals.detectors.made import trait

_SHORT = 160
_TOLD = 4
_MOST_TOLD = 12


@dataclass
class Tally:
    """Counts of one detector. `said` are the concrete items, `shown` the passages, worst first."""

    name: str
    words: str
    bad: float = 0.0
    total: float = 0.0
    said: list[str] = field(default_factory=list[str])
    shown: list[Located] = field(default_factory=list[Located])
    intact: list[Located] = field(default_factory=list[Located])
    by_count: bool = False
    sure_at: float = 2.0

    @property
    def is_told(self) -> bool:
        """Enough was said of what is lost; passages of more would go nowhere."""
        return len(self.said) >= _TOLD

    def miss(self, said: str, *shown: Located) -> None:
        """One more that is lost or changed."""
        self.bad += 1
        if not self.is_told:
            self.said.append(said)
            self.shown += shown

    def miss_first(self, said: str, *shown: Located) -> None:
        """One more, worse than those before."""
        self.bad += 1
        self.said[:] = [said, *self.said][:_MOST_TOLD]
        self.shown[:] = [*shown, *self.shown][: 2 * _MOST_TOLD]

    def keep(self, *shown: Located) -> None:
        """Passages that show it intact, kept for healthy sessions."""
        if not self.intact:
            self.intact += shown

    def detection(self, where: tuple[str, str, str]) -> Detection | None:
        """The detection; None when there was nothing to compare."""
        if not self.total and not self.bad:
            return None
        if not self.bad:
            kept = [p for p in self.intact[:2] if len(p.text) <= 2 * _SHORT]
            detail = self.words.format(bad=0, total=round(self.total))
            return trait(
                self.name, where, 0.0, confidence=self._sure(), detail=detail, passages=kept
            )
        value = (
            self.bad / (self.bad + 1)
            if self.by_count
            else min(1.0, self.bad / max(self.total, self.bad))
        )
        detail = self.words.format(bad=round(self.bad), total=round(max(self.total, self.bad)))
        items = f": {', '.join(self.said)}" if self.said else ""
        return trait(
            self.name,
            where,
            value,
            confidence=self._sure(),
            detail=detail + items,
            passages=self.shown,
        )

    def _sure(self) -> float:
        n = max(self.total, self.bad)
        return n / (n + self.sure_at)
