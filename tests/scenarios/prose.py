"""Facts and the sentences that tell them: the raw material of planted-fault applications.

A document is a list of facts (events, amounts, references, rules) between small talk. The same fact
can be told in many ways, so that an agent that retells a document faithfully still writes other
words, as a model does.
"""

from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True)
class Fact:
    """One thing a document says. Only the fields of its kind are set."""

    kind: str
    subject: str
    action: str = ""
    at: int = 0
    number: float = 0.0
    unit: str = ""
    reference: str = ""
    negated: bool = False
    condition: str = ""


@dataclass(frozen=True)
class Domain:
    """The vocabulary of one application."""

    actors: tuple[str, ...]
    actions: tuple[str, ...]
    things: tuple[str, ...]
    units: tuple[str, ...]
    prefixes: tuple[str, ...]
    conditions: tuple[str, ...]
    verdicts: tuple[str, ...]
    greetings: tuple[str, ...]


CONNECTORS = ("", "", "", "Then ", "After that ", "Next, ", "Shortly afterwards ", "Later ")
SMALL_TALK = (
    "Thanks for looking into this.",
    "I hope this is enough to go on.",
    "Sorry for the long message.",
    "It has been a busy week over here.",
    "Please let me know what else you need.",
    "My colleague asked me to send this along.",
    "We talked about something similar in spring.",
    "I am writing this from my phone.",
    "The weather did not help either.",
    "As always, happy to jump on a call.",
    "This is the first time I use this form.",
    "I kept the paperwork in case it matters.",
)


def clock(minute: int) -> str:
    """A time of day."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def amount(fact: Fact) -> str:
    """A number with its unit, the sign in front."""
    sign = "-" if fact.number < 0 else ""
    digits = f"{abs(fact.number):,.2f}" if fact.number % 1 else f"{abs(fact.number):,.0f}"
    return f"{sign}{digits} {fact.unit}".strip()


def tell(fact: Fact, random: Random) -> str:
    """One sentence for a fact, in one of several wordings."""
    if fact.kind == "event":
        when = random.choice((f"At {clock(fact.at)} ", f"Around {clock(fact.at)} ", ""))
        lead = when or random.choice(CONNECTORS)
        subject = f"the {fact.subject}" if lead else f"The {fact.subject}"
        return f"{lead}{subject} {fact.action}."
    if fact.kind == "amount":
        return random.choice(
            (
                "The {s} comes to {a}.",
                "We have {a} for the {s}.",
                "For the {s} it says {a}.",
                "{a} is what the {s} shows.",
                "The {s} was recorded as {a}.",
            )
        ).format(s=fact.subject, a=amount(fact))
    if fact.kind == "reference":
        return random.choice(
            (
                "The reference for the {s} is {r}.",
                "You find the {s} under {r}.",
                "{r} is the {s}.",
                "It concerns the {s} {r}.",
            )
        ).format(s=fact.subject, r=fact.reference)
    return _rule(fact, random)


def _rule(fact: Fact, random: Random) -> str:
    verb = random.choice(("may", "should", "can")) + (" not" if fact.negated else "")
    told = f"The {fact.subject} {verb} be {fact.action}"
    return f"{told} {fact.condition}." if fact.condition else f"{told}."


def make_facts(domain: Domain, random: Random, n_events: int = 5) -> list[Fact]:
    """A document's facts: events in their order, amounts, a reference or two, rules."""
    minute = random.randrange(360, 1000)
    facts: list[Fact] = []
    for actor in random.sample(domain.actors, min(n_events, len(domain.actors))):
        minute += random.randrange(3, 50)
        facts.append(Fact("event", actor, action=random.choice(domain.actions), at=minute))
    for thing in random.sample(domain.things, random.randint(2, 4)):
        number = float(random.randrange(12, 9000))
        if random.random() < 0.4:
            number += random.randrange(1, 100) / 100
        facts.append(Fact("amount", thing, number=number, unit=random.choice(domain.units)))
    for thing in random.sample(domain.things, random.randint(1, 2)):
        digits = "".join(random.choice("0123456789") for _ in range(random.randint(5, 9)))
        reference = f"{random.choice(domain.prefixes)}-{digits}"
        facts.append(Fact("reference", thing, reference=reference))
    for thing in random.sample(domain.things, random.randint(1, 3)):
        condition = random.choice(domain.conditions) if random.random() < 0.4 else ""
        facts.append(Fact("rule", thing, action=random.choice(PASSIVE), condition=condition))
    return facts


PASSIVE = ("released", "shared", "changed", "returned", "repeated", "moved", "renewed", "archived")


def document(facts: list[Fact], domain: Domain, random: Random) -> str:
    """The facts as a user writes them: greetings, small talk, paragraphs."""
    lines = [random.choice(domain.greetings)]
    sentences = [tell(fact, random) for fact in facts]
    for _ in range(random.randint(0, 4)):
        sentences.insert(random.randrange(len(sentences) + 1), random.choice(SMALL_TALK))
    while sentences:
        size = random.randint(2, 4)
        lines.append(" ".join(sentences[:size]))
        sentences = sentences[size:]
    return "\n".join(lines)


def transcript(facts: list[Fact], domain: Domain, random: Random) -> str:
    """The facts as several people tell them in turns."""
    speakers = random.sample(("Desk", "Caller", "Supervisor", "Field team", "Partner"), 2)
    lines = [f"{speakers[0]}: {random.choice(domain.greetings)}"]
    for i, fact in enumerate(facts):
        lines.append(f"{speakers[(i + 1) % 2]}: {tell(fact, random)}")
    return "\n".join(lines)


def retell(facts: list[Fact], random: Random, style: int) -> str:
    """The facts as an agent writes them: prose, bullets or numbered, with its own opening."""
    opening = random.choice(
        (
            "Here is what the material says.",
            "Summary of the case:",
            "Key points:",
            "In short:",
            "What we know so far:",
        )
    )
    told = [tell(fact, random) for fact in facts]
    if style % 3 == 0:
        return " ".join([opening, *told])
    if style % 3 == 1:
        return "\n".join([opening, *(f"- {t}" for t in told)])
    return "\n".join([opening, *(f"{i}. {t}" for i, t in enumerate(told, 1))])


def by_actor(facts: list[Fact], random: Random) -> list[Fact]:
    """The fault "grouped": events no longer stand in the order in which they happened."""
    events = [f for f in facts if f.kind == "event"]
    shuffled = events[:]
    while len(events) > 1 and shuffled == events:
        random.shuffle(shuffled)
    rest = iter(shuffled)
    return [next(rest) if f.kind == "event" else f for f in facts]


def change(facts: list[Fact], kind: str, **fields: object) -> list[Fact]:
    """All facts of a kind with other fields."""
    return [replace(f, **fields) if f.kind == kind else f for f in facts]  # pyright: ignore[reportArgumentType]
