"""Compares findings with what was planted.

In: the truth and findings. Out: `Judgement`. Next: `run` prints it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.model.finding import Finding, FindingState
from tests.scenarios.held_out.truth import Fault, Truth

NAMED = (FindingState.OPEN, FindingState.UNCONFIRMED)
MIN_QUOTES = 3


class Judgement(NamedTuple):
    """`missed` faults, findings that name a wrong cause, findings right but for quotes or feature."""

    missed: tuple[Fault, ...]
    false: tuple[Finding, ...]
    poor: tuple[str, ...]

    @property
    def good(self) -> bool:
        """All found, nobody blamed wrongly."""
        return not self.missed and not self.false


def judge(truth: Truth, findings: Sequence[Finding]) -> Judgement:
    """A finding is right when it blames a planted agent for an acceptable feature."""
    named = [finding for finding in findings if finding.state in NAMED]
    missed = [fault for fault in truth.faults if not any(hits(fault, f) for f in named)]
    false = [f for f in named if f.blamed_agent not in truth.agents]
    poor = [
        f"{f.blamed_agent} for {f.feature}"
        for f in named
        if f not in false and not any(hits(fault, f) for fault in truth.faults)
    ]
    poor += [
        f"{f.feature}: {n} verified quotes"
        for f in named
        if (n := sum(e.verified for e in f.evidence)) < MIN_QUOTES
    ]
    return Judgement(tuple(missed), tuple(false), tuple(poor))


def hits(fault: Fault, finding: Finding) -> bool:
    """Whether the finding names this fault."""
    return finding.blamed_agent == fault.agent and (finding.feature or "").startswith(
        fault.features
    )
