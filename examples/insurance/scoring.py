"""The scorer's part of the scripted model: a claim type from the order of events in a summary.

In: a summary, nothing else. Out: four lines of text. Next: `agents` returns the first of them.
"""

import re

from examples.insurance.claims import RULES, ClaimRule

UNCLEAR = "unclear"


def score(summary: str) -> str:
    """The scorer's answer."""
    decided = _decide(summary)
    reserve = max((int(a.replace(",", "")) for a in _amounts(summary)), default=0)
    if decided is None:
        return (
            f"Claim type: {UNCLEAR}\nReason: the summary does not name both events.\nReserve: open"
        )
    rule, one_first = decided
    first, second = (rule.one, rule.other) if one_first else (rule.other, rule.one)
    return (
        f"Claim type: {rule.claim_type(one_first=one_first)}\n"
        f"Reason: according to the summary {first.name} before {second.name}.\n"
        f"Reserve: {f'{reserve:,} pounds' if reserve else 'open'}\n"
        f"Next step: {'send a loss adjuster' if reserve > 2500 else 'settle by letter'}."
    )


def read_claim_type(answer: str) -> str:
    """The claim type in the scorer's answer."""
    found = re.search(r"^Claim type: (.+)$", answer, re.MULTILINE)
    return found[1] if found else UNCLEAR


def _decide(summary: str) -> tuple[ClaimRule, bool] | None:
    for rule in RULES:
        one, other = rule.one.pattern.search(summary), rule.other.pattern.search(summary)
        if one and other:
            return rule, one.start() < other.start()
    return None


def _amounts(summary: str) -> list[str]:
    return re.findall(r"(\d[\d,]*) (?:pounds|euros)", summary)
