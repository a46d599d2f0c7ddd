"""Which pairs of events decide a claim, and what their order means.

In: nothing. Out: `RULES`. Next: `calls` tells stories of them, `prompts` explains them to the
scorer, `model` applies them to a summary.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """One decisive event: its words in the rules, and how to recognise it in a text."""

    name: str
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class ClaimRule:
    """Two events; the one that comes first decides the claim type."""

    family: str
    domain: str
    one: Event
    other: Event
    type_if_one_first: str
    type_if_other_first: str

    def claim_type(self, *, one_first: bool) -> str:
        """The claim type for an order of the two events."""
        return self.type_if_one_first if one_first else self.type_if_other_first


def _event(name: str, pattern: str) -> Event:
    return Event(name=name, pattern=re.compile(pattern, re.IGNORECASE))


RULES: tuple[ClaimRule, ...] = (
    ClaimRule(
        "roof",
        "home",
        _event("the roof was damaged", r"\b(tiles|slates|ridge|roof felt)\b"),
        _event("water came in", r"\bwater\b|\bsoaked\b"),
        "storm damage",
        "gradual leak",
    ),
    ClaimRule(
        "road",
        "motor",
        _event("the vehicle hit an object", r"\b(hit|struck|clipped)\b"),
        _event("the vehicle swerved", r"\b(swerved|veered|skidded)\b"),
        "collision with an object",
        "loss of control",
    ),
    ClaimRule(
        "fire",
        "home",
        _event("the fire started", r"\b(fire|flames|burning)\b"),
        _event("goods were taken", r"\b(stole|stolen|taken|took off with|missing)\b"),
        "fire",
        "burglary",
    ),
    ClaimRule(
        "pipe",
        "home",
        _event("the heating failed", r"\b(boiler|heating|radiators)\b"),
        _event("the pipe burst", r"\b(pipe|pipework|joint)\b"),
        "frost damage",
        "escape of water",
    ),
    ClaimRule(
        "tyre",
        "motor",
        _event("the tyre blew", r"\btyre\b"),
        _event("the vehicle mounted the kerb", r"\b(kerb|kerbstone)\b"),
        "mechanical failure",
        "impact with the kerb",
    ),
    ClaimRule(
        "tree",
        "home",
        _event("lightning struck", r"\b(lightning|thunderbolt)\b"),
        _event("the tree came down", r"\b(oak|ash tree|poplar|birch|willow)\b"),
        "lightning",
        "falling tree",
    ),
    ClaimRule(
        "luggage",
        "travel",
        _event("the luggage was stolen", r"\b(suitcase|rucksack|handbag)\b"),
        _event("the departure was missed", r"\bmissed\b"),
        "theft abroad",
        "missed departure",
    ),
    ClaimRule(
        "shunt",
        "motor",
        _event("another vehicle ran into the back", r"\b(from behind|rear bumper|into the back)\b"),
        _event("the insured ran into the car ahead", r"\b(in front|car ahead|van ahead)\b"),
        "rear-end collision, third party at fault",
        "front collision, insured at fault",
    ),
    ClaimRule(
        "power",
        "home",
        _event("the supply surged", r"\b(surge|surged|power spike|fuse box)\b"),
        _event("the appliance failed", r"\b(freezer|television|washing machine|dishwasher)\b"),
        "power surge",
        "appliance breakdown",
    ),
    ClaimRule(
        "parked",
        "motor",
        _event("the vehicle rolled", r"\b(rolled|rolling|handbrake)\b"),
        _event("the window was smashed", r"\b(window|windscreen|glass)\b"),
        "unattended vehicle",
        "malicious damage",
    ),
)
