"""Makes telephone calls: transcripts of claimants, sometimes of several people talking in turns.

In: a number and a seed. Out: `Call`s with the transcript and, for the feedback only, the claim
type that is right. Next: `workflow` sends the transcripts through the agents.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from examples.insurance.claims import RULES, ClaimRule
from examples.insurance.wordings import (
    AFTERMATH,
    AROUND,
    ASIDES,
    CONNECTIVES,
    DECISIVE,
    FILLERS,
    FIRST_NAMES,
    PROMPTS,
    SETTING,
    SLOTS,
)

INTERLEAVED_SHARE = 0.35
"""The share of calls in which several people talk in turns."""

SHARED_STORY_SHARE = 0.65
"""Among those, the share in which they tell the story together; else one of them only adds asides."""

RELATIONS = ("Husband", "Wife", "Son", "Daughter", "Neighbour", "Partner")
MONTHS = ("January", "February", "March", "April", "October", "November")


@dataclass(frozen=True)
class Call:
    """One call. `right_type` and `interleaved` are for the feedback and the tests, not the agents."""

    claim_id: str
    user_id: str
    date: str
    transcript: str
    right_type: str
    interleaved: bool


@dataclass
class _Scene:
    """What one call draws from: its random numbers, its rule, its people, what was said so far."""

    rng: random.Random
    rule: ClaimRule
    speakers: list[str]
    lines: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)

    def say(self, speaker: str, text: str) -> None:
        self.lines.append(f"{speaker}: {text}")

    def fill(self, template: str) -> str:
        return template.format_map(_Slots(self.rng, self.kept))


class _Slots(Mapping[str, str]):
    """Draws a value for every slot of a template; a city, a vehicle and a shed stay the same."""

    def __init__(self, rng: random.Random, kept: dict[str, str]) -> None:
        self._rng = rng
        self._kept = kept

    def __getitem__(self, slot: str) -> str:
        if slot in {"city", "vehicle", "outbuilding"}:
            return self._kept.setdefault(slot, self._rng.choice(SLOTS[slot]))
        rng = self._rng
        numbers = {
            "n": lambda: str(rng.randint(3, 48)),
            "speed": lambda: str(rng.randrange(15, 65, 5)),
            "amount": lambda: f"{rng.randrange(120, 9800, 10):,}",
            "date": lambda: f"{rng.randint(1, 28)} {rng.choice(MONTHS)}",
            "clock": lambda: f"{rng.randint(5, 11)}:{rng.choice(('05', '10', '25', '40', '55'))}",
            "phone": lambda: f"07{rng.randint(100, 999)} {rng.randint(100000, 999999)}",
            "ref": lambda: f"{rng.choice('ABDKR')}{rng.randint(1000, 9999)}",
        }
        return numbers[slot]() if slot in numbers else rng.choice(SLOTS[slot])

    def __iter__(self) -> Iterator[str]:
        return iter(SLOTS)

    def __len__(self) -> int:
        return len(SLOTS)


def make_calls(n: int, seed: int = 10) -> tuple[Call, ...]:
    """`n` calls; the same seed gives the same calls, and the first ones do not depend on `n`."""
    return tuple(_make_call(i, random.Random(f"call/{seed}/{i}")) for i in range(n))


def _make_call(number: int, rng: random.Random) -> Call:
    rule = rng.choice(RULES)
    one_first = rng.random() < 0.5
    interleaved = rng.random() < INTERLEAVED_SHARE
    shared = interleaved and rng.random() < SHARED_STORY_SHARE
    scene = _Scene(rng, rule, _people(rng, interleaved))
    story, decisive = _story(scene, one_first)
    _opening(scene)
    if shared:
        _tell_together(scene, story, decisive)
    elif interleaved:
        _tell_with_asides(scene, story)
    else:
        _tell_alone(scene, story)
    _closing(scene)
    return Call(
        claim_id=f"C-2025-{number + 1:05d}",
        user_id=f"policyholder-{rng.randint(1, 4000):04d}",
        date=f"2025-{rng.randint(1, 11):02d}-{rng.randint(1, 28):02d}",
        transcript="\n".join(scene.lines),
        right_type=rule.claim_type(one_first=one_first),
        interleaved=interleaved,
    )


def _people(rng: random.Random, interleaved: bool) -> list[str]:
    """The claimant first; a second person in turn-taking calls and in some others, rarely a third."""
    n = 1 + (interleaved or rng.random() < 0.15) + (interleaved and rng.random() < 0.2)
    if rng.random() < 0.5:
        return rng.sample(FIRST_NAMES, n)
    return ["Caller", *rng.sample(RELATIONS, n - 1)]


def _story(scene: _Scene, one_first: bool) -> tuple[list[str], tuple[int, int]]:
    """The sentences in the order in which things happened, and where the two decisive ones stand."""
    rng, domain = scene.rng, scene.rule.domain
    one, other = (rng.choice(side) for side in DECISIVE[scene.rule.family])
    first, second = (one, other) if one_first else (other, one)
    around = rng.sample(AROUND[domain], rng.randint(3, 5))
    n_between = rng.randint(0, 2)
    templates = [rng.choice(SETTING[domain]), *around[n_between + 2 :], first, *around[:n_between]]
    places = (templates.index(first), len(templates))
    templates += [second, *around[n_between : n_between + 2]]
    return [scene.fill(t) for t in templates], places


def _spoken(rng: random.Random, sentence: str, *, opening: bool = False) -> str:
    connective = "" if opening else rng.choice(CONNECTIVES)
    text = rng.choice(FILLERS) + connective + sentence
    return text[0].upper() + text[1:] + "."


def _opening(scene: _Scene) -> None:
    rng, claimant = scene.rng, scene.speakers[0]
    policy = f"{rng.randint(100, 999)}-{rng.randint(1000, 9999)}"
    scene.say("Agent", "Northgate Mutual claims line, good morning. How can I help you?")
    scene.say(
        claimant,
        f"Hello, my name is {claimant if claimant != 'Caller' else rng.choice(FIRST_NAMES)} "
        f"{rng.choice(SLOTS['name'])} and I want to report a claim. My policy number is {policy}.",
    )
    scene.say("Agent", "Thank you. Please tell me what happened.")


def _tell_alone(scene: _Scene, story: list[str]) -> None:
    """Long turns of one person; a second person, where there is one, tells the last part."""
    rng, speaker = scene.rng, scene.speakers[0]
    size = rng.choice((2, 3, 3, 4, 5, 6))
    for start in range(0, len(story), size):
        if start and len(scene.speakers) > 1 and start + size >= len(story):
            speaker = scene.speakers[1]
        sentences = story[start : start + size]
        spoken = [_spoken(rng, s, opening=start + i == 0) for i, s in enumerate(sentences)]
        if start and rng.random() < 0.7:
            scene.say("Agent", rng.choice(PROMPTS))
        scene.say(speaker, " ".join(spoken))


def _tell_with_asides(scene: _Scene, story: list[str]) -> None:
    """One person tells everything, the others put in remarks."""
    rng = scene.rng
    for i, sentence in enumerate(story):
        scene.say(scene.speakers[0], _spoken(rng, sentence, opening=i == 0))
        if rng.random() < 0.6:
            aside = scene.fill(rng.choice(ASIDES))
            scene.say(rng.choice(scene.speakers[1:]), aside[0].upper() + aside[1:] + ".")


def _tell_together(scene: _Scene, story: list[str], decisive: tuple[int, int]) -> None:
    """Everyone tells what he saw, in turns, in the order in which it happened."""
    rng = scene.rng
    tellers = [rng.choice(scene.speakers) for _ in story]
    tellers[0] = scene.speakers[0]
    if rng.random() < 0.75:
        tellers[decisive[0]], tellers[decisive[1]] = rng.choice(scene.speakers[1:]), tellers[0]
    for i, (speaker, sentence) in enumerate(zip(tellers, story, strict=True)):
        scene.say(speaker, _spoken(rng, sentence, opening=i == 0))
        if rng.random() < 0.5:
            aside = scene.fill(rng.choice(ASIDES))
            other = rng.choice([s for s in scene.speakers if s != speaker])
            scene.say(other, aside[0].upper() + aside[1:] + ".")


def _closing(scene: _Scene) -> None:
    rng, claimant = scene.rng, scene.speakers[0]
    for template in rng.sample(AFTERMATH, rng.randint(1, 2)):
        scene.say("Agent", rng.choice(PROMPTS))
        scene.say(claimant, _spoken(rng, scene.fill(template), opening=True))
    scene.say("Agent", "Thank you, I have everything. You will hear from us within two days.")
    scene.say(
        rng.choice(scene.speakers), rng.choice(("Thanks, bye.", "Thank you very much.", "Okay."))
    )
