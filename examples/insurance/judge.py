"""Looks at the findings as the demo's exit status needs it: is the real fault named, and proven?

In: findings in their JSON form. Out: what is missing of the best of them; nothing missing is
success. Next: `demo` prints it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from examples.insurance.agents import SCORER, SUMMARIZER

Finding = Mapping[str, Any]

MIN_QUOTES = 3


def _has_interval(rate: Any) -> bool:
    return bool(rate) and rate.get("n", 0) > 0 and 0 <= rate["low"] <= rate["high"] <= 1


def _n_verified(finding: Finding) -> int:
    return sum(bool(e["verified"] and e["quote"]) for e in finding["evidence"])


def _patches_summarizer(finding: Finding) -> bool:
    patch = finding["prompt_patch"]
    return bool(patch) and patch["agent"] == SUMMARIZER and "\n+" in patch["diff"]


REQUIREMENTS: tuple[tuple[str, Callable[[Finding], bool]], ...] = (
    ("an open finding", lambda f: f["state"] == "open"),
    (f"the blame on {SUMMARIZER}", lambda f: f["blamed_agent"] == SUMMARIZER),
    ("a feature about order", lambda f: "order" in (f["feature"] or "")),
    (f"at least {MIN_QUOTES} verified quotes", lambda f: _n_verified(f) >= MIN_QUOTES),
    ("the rate among failing sessions with its interval", lambda f: _has_interval(f["failing"])),
    ("the rate among healthy sessions with its interval", lambda f: _has_interval(f["healthy"])),
    (f"a patch against the prompt of {SUMMARIZER}", _patches_summarizer),
)


def missing(finding: Finding) -> list[str]:
    """What this finding lacks."""
    return [name for name, holds in REQUIREMENTS if not holds(finding)]


def best(findings: Sequence[Finding]) -> Finding | None:
    """The finding that lacks least; of equal ones the one with the most sessions."""
    return min(findings, key=lambda f: (len(missing(f)), -f["n_sessions"]), default=None)


def verdict(findings: Sequence[Finding]) -> list[str]:
    """What keeps these findings from being right: nothing, or reasons."""
    chosen = best(findings)
    reasons = missing(chosen) if chosen else ["a finding"]
    if any(f["state"] == "open" and f["blamed_agent"] == SCORER for f in findings):
        reasons.append(f"no open finding that blames {SCORER}")
    return reasons
