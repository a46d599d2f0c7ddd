"""Faults that an agent may have; each changes what it is about to do in one session."""

from collections.abc import Callable
from dataclasses import replace

from tests.scenarios.applications import Doing, Fault
from tests.scenarios.prose import Domain, Fact, by_actor, make_facts
from tests.scenarios.tracing import Tool

ERRORS = (
    "Error: upstream timed out after 30 s",
    '{"error": "service unavailable", "code": 503}',
    "ERROR 500: internal error, no result",
)


def sometimes(share: float, fault: Fault, *, triggered: bool = False) -> Fault:
    """The fault in a share of the sessions (of those with the trigger)."""

    def apply(doing: Doing) -> None:
        if (doing.trigger or not triggered) and doing.random.random() < share:
            fault(doing)

    return apply


def loses_order(doing: Doing) -> None:
    """Groups what it was told."""
    doing.facts = by_actor(doing.facts, doing.random)
    doing.broken = True


def swaps_units(doing: Doing) -> None:
    """Writes quantities with another unit."""
    other = {"mg": "g", "g": "mg", "ml": "l", "l": "ml", "kg": "g", "t": "kg", "EUR": "USD"}
    doing.facts = _amounts(doing.facts, lambda f: replace(f, unit=other.get(f.unit, "mg")))
    doing.broken = True


def drops_signs(doing: Doing) -> None:
    """Turns what was paid back into what was paid."""
    doing.facts = _amounts(doing.facts, lambda f: replace(f, number=abs(f.number)))
    doing.broken = True


def drops_negations(doing: Doing) -> None:
    """What may not be done may be done."""
    doing.facts = [replace(f, negated=False) for f in doing.facts]
    doing.broken = True


def drops_conditions(doing: Doing) -> None:
    """Rules without their exceptions."""
    doing.facts = [replace(f, condition="") for f in doing.facts]
    doing.broken = True


def cuts_references(doing: Doing) -> None:
    """Keeps only the beginning of long references."""
    doing.facts = [replace(f, reference=f.reference[:8]) for f in doing.facts]
    doing.broken = True


def swaps_digits(doing: Doing) -> None:
    """Writes other numbers."""
    doing.facts = _amounts(doing.facts, lambda f: replace(f, number=_swapped(f.number)))
    doing.broken = True


def invents(doing: Doing) -> None:
    """Says what nobody told it."""
    said = (
        "A manager approved an exception in advance.",
        "The customer already received compensation last month.",
        "A prior audit confirmed that everything was in order.",
        "Legal has signed off on this kind of request.",
    )
    doing.closing = " ".join(doing.random.sample(said, 2))
    doing.broken = True


def loops(doing: Doing) -> None:
    """Searches for the same thing until it gives up, and then knows little."""
    call = doing.tools[0]
    doing.tools = [call] * doing.random.randint(5, 8)
    doing.facts = doing.facts[: max(2, len(doing.facts) // 2)]
    doing.broken = True


def stops_early(doing: Doing) -> None:
    """The answer hits the token limit."""
    doing.facts = doing.facts[: max(2, len(doing.facts) // 2)]
    doing.finish = "length"
    doing.closing = "The next point to make here concerns what the team said about the"
    doing.broken = True


def shifts_times(doing: Doing) -> None:
    """Writes other times of day."""
    doing.facts = [replace(f, at=f.at + 95) for f in doing.facts]
    doing.broken = True


def skips_tool(doing: Doing) -> None:
    """Does not look."""
    doing.tools = []
    doing.broken = True


def calls(name: str, argument: str, errors: float = 0.0, hides: float = 0.0) -> Fault:
    """A tool that the agent calls in every session; a share of the calls fails, and some are hidden."""

    def apply(doing: Doing) -> None:
        references = [f.reference for f in doing.facts if f.reference] or ["unknown"]
        arguments = {argument: references[0], "page": 1}
        if doing.random.random() >= errors:
            level = doing.random.choice(("green", "amber", "steady", "as planned"))
            doing.tools = [Tool(name, arguments, f'{{"state": "{level}", "checked": true}}')]
            return
        doing.tools = [Tool(name, arguments, doing.random.choice(ERRORS))]
        if doing.random.random() < hides:
            doing.opening = doing.random.choice(
                ("The record was checked and updated.", "All entries are confirmed.")
            )
            doing.broken = True
        else:
            doing.opening = f"I could not check the record: {name} returned an error."

    return apply


def regresses(since: int, system: str, fault: Fault) -> Fault:
    """Another system prompt from a session on, and what comes of it."""

    def apply(doing: Doing) -> None:
        if doing.number >= since:
            doing.system = system
            fault(doing)

    return apply


def on_model(name: str, share: float, fault: Fault) -> Fault:
    """Another model in a share of the sessions, and what comes of it."""

    def apply(doing: Doing) -> None:
        if doing.random.random() < share:
            doing.model = name
            fault(doing)

    return apply


def _amounts(facts: list[Fact], edit: Callable[[Fact], Fact]) -> list[Fact]:
    return [edit(f) if f.kind == "amount" else f for f in facts]


def _swapped(number: float) -> float:
    digits = str(int(number))
    swapped = digits[1:2] + digits[:1] + digits[2:] if len(digits) > 1 else digits + "0"
    return float(int(swapped)) if int(swapped) != int(number) else number + 17


def with_negatives(facts: list[Fact], doing: Doing) -> list[Fact]:
    """Some amounts go the other way."""
    return _amounts(facts, lambda f: replace(f, number=-f.number))


def with_negations(facts: list[Fact], doing: Doing) -> list[Fact]:
    """Rules that forbid."""
    return [replace(f, negated=f.kind == "rule") for f in facts]


def with_conditions(facts: list[Fact], doing: Doing) -> list[Fact]:
    """Every rule with an exception."""
    return [
        replace(f, condition=f.condition or "unless the lead agrees") if f.kind == "rule" else f
        for f in facts
    ]


def with_more(domain: Domain) -> Callable[[list[Fact], Doing], list[Fact]]:
    """Documents about twice as long."""

    def more(facts: list[Fact], doing: Doing) -> list[Fact]:
        return facts + make_facts(domain, doing.random, 6)

    return more


def with_long_references(facts: list[Fact], doing: Doing) -> list[Fact]:
    """References in a long format."""
    return [
        replace(f, reference=f"{f.reference}-{doing.random.randrange(10**5, 10**6)}-A")
        if f.reference
        else f
        for f in facts
    ]
