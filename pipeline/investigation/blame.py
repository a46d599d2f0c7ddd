"""Who is to blame, along the data flow.

In: scored features of the steps. Out: the one feature of the one step that is to blame, or None.
Next: `contrast` states it with its rates.

Only features that compare a step's output with its own input, or describe its own run, may blame:
an agent that passes a difficult input on unharmed shows none. Earlier steps go first, since a loss
upstream explains what separates downstream; but the causes of a difference separate about as well
as what they cause, so a step whose features are much weaker than a later step's is passed over (it
only mirrors the trigger). How much weaker depends on how much the feature says of a fault by itself.
Volume (tokens, latency) is blamed only where nothing else separates.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.investigation.columns import Tried
from pipeline.traits import Tier

MIN_STRENGTH = {Tier.HARD: 0.5, Tier.SOFT: 0.8, Tier.VOLUME: 0.9}
TRAIT_OVER_TERM = 0.65
"""A trait says what went wrong, a term is the luckiest of a thousand: it must be clearly stronger."""
HIDDEN_ERROR = "handoff.hidden_error"
ERRORS = ("run.tool_error_text", "run.span_error")
"""That a tool fails is no fault of the agent; that it hides the failure is."""
UPSTREAM_STRENGTH = {Tier.HARD: 0.8, Tier.SOFT: 0.5, Tier.VOLUME: 0.3}


class Scored(NamedTuple):
    """A feature with its best column and how it fared."""

    tried: Tried
    depth: int
    column: int
    r: float
    t: float
    p: float

    @property
    def tier(self) -> Tier:
        """How much the feature says by itself."""
        return self.tried.meaning.tier

    @property
    def specific(self) -> tuple[int, float, Tried]:
        """Sort key: the most specific, then the strongest."""
        return (self.tried.meaning.rank, -self.t, self.tried)


GoesAlong = Callable[[Scored], bool]


def blame(passing: Sequence[Scored], near_tie: float) -> Scored | None:
    """The most specific of the strongest features of the earliest step that holds its own."""
    rivals = without_shared_rollouts(passing)
    rivals = [s for s in rivals if s.tier is not Tier.VOLUME] or rivals
    if not rivals:
        return None
    strongest = max(s.t for s in rivals)
    units: dict[tuple[int, str], list[Scored]] = defaultdict(list)
    for scored in rivals:
        units[scored.depth, scored.tried.agent].append(scored)
    held = [
        (depth, -max(s.t for s in unit), agent)
        for (depth, agent), unit in units.items()
        if any(s.t >= MIN_STRENGTH[s.tier] * strongest for s in unit)
    ]
    depth, _, agent = min(held)
    return most_specific(units[depth, agent], near_tie)


def named_for(found: Scored, separating: Sequence[Scored], goes_along: GoesAlong) -> Scored | None:
    """What a blamed feature is named for: itself, or a trait that says more of the same fault.

    `separating` is all that may blame and separates in the whole population, whether it goes along
    with the cluster or not. A trait of the same agent says more than a term of it, a hard one more
    than a soft one, a hidden error more than the error, if it goes along with the feature. Volume
    is no cause while anything else up to that step separates: None.
    """
    rivals = [
        s
        for s in without_shared_rollouts(separating)
        if not s.tried.is_term
        and s.tier is not Tier.VOLUME
        and s.depth <= found.depth
        and s.tried != found.tried
    ]
    if found.tier is Tier.VOLUME and not found.tried.is_term:
        along = [s for s in rivals if goes_along(s)]
        return min(along, key=lambda s: (s.depth, s.specific)) if along else _unless(rivals, found)
    own = [s for s in rivals if s.tried.agent == found.tried.agent and _says_more(s, found)]
    own = [s for s in own if s.t >= MIN_STRENGTH[Tier.HARD] * found.t and goes_along(s)]
    if not own:
        return found
    best = min(own, key=lambda s: s.specific)
    return best._replace(p=max(best.p, found.p))


def _unless(rivals: Sequence[Scored], found: Scored) -> Scored | None:
    return None if rivals else found


def _says_more(trait: Scored, found: Scored) -> bool:
    if found.tried.name in ERRORS:
        return trait.tried.name == HIDDEN_ERROR
    return found.tried.is_term or (found.tier is Tier.SOFT and trait.tier is Tier.HARD)


def most_specific(unit: Sequence[Scored], near_tie: float) -> Scored:
    """Among the features of one step that are nearly as strong as its strongest."""
    config = [s for s in unit if s.tried.is_config]
    if config:
        return min(config, key=lambda s: (-s.t, s.tried))
    telling = [s for s in unit if s.tier is not Tier.VOLUME] or list(unit)
    if any(s.tried.name == HIDDEN_ERROR for s in telling):
        telling = [s for s in telling if s.tried.name not in ERRORS]
    strongest = max(s.t for s in telling)
    traits = [s for s in telling if not s.tried.is_term and s.t >= TRAIT_OVER_TERM * strongest]
    if traits:
        telling, strongest = traits, max(s.t for s in traits)
    return min((s for s in telling if s.t >= near_tie * strongest), key=lambda s: s.specific)


def without_shared_rollouts(passing: Sequence[Scored]) -> list[Scored]:
    """Drop version changes that several agents share, but for agents with a difference of their own.

    When several agents change at once, the change alone cannot tell which one broke.
    """
    config = [s for s in passing if s.tried.is_config]
    agents = {s.tried.agent for s in config}
    if len(agents) <= 1:
        return list(passing)
    own = {s.tried.agent for s in passing if not s.tried.is_config and s.tier is Tier.HARD}
    own = own or {s.tried.agent for s in passing if not s.tried.is_config}
    kept = agents & own
    return [s for s in passing if not s.tried.is_config or s.tried.agent in kept]


def upstream_loss(blamed: Scored, losses: Sequence[Scored], near_tie: float) -> Scored | None:
    """A hard loss before the blamed step that separates about as well: its input was not intact."""
    return blame(
        [
            s
            for s in losses
            if s.tier is Tier.HARD
            and not s.tried.is_config
            and s.depth < blamed.depth
            and s.tried.agent != blamed.tried.agent
            and s.t >= UPSTREAM_STRENGTH[blamed.tier] * max(b.t for b in losses)
        ],
        near_tie,
    )
