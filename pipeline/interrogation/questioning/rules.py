"""Pure: a model's clues -> a rule over what every session's row holds, or why it is none.

In: clues, the row of the session that they were read from. Out: `Rule`. Next: aggregation evaluates
it on the rows of all sessions.

The language is closed: traits and terms of the agent's own steps, compared with a number. A symptom
that only votes is no part of it, since the verdict is made of it; of those that are tested too a rule
may rest on one, which the test then leaves out of the verdict.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.interrogation.questioning.contracts import Clue
from pipeline.model.cluster import Condition, Rule
from pipeline.model.detection import DetectorRole
from pipeline.model.session import SessionRow
from pipeline.population.features import Population
from pipeline.population.terms import EVERY_SIDE
from pipeline.traits import TERM

TOOL = "run.tool="
SYMPTOM = "symptom."
_NAME = re.compile(r"[\w-]{1,64}")
_WORD = re.compile(r"[^\W\d_][^\W\d_'’-]{0,38}[^\W\d_]")
"""What a rule may name though this session does not show it: a rule is no room for messages."""
Values = Mapping[str, tuple[str, float]]
"""Feature -> its step and value in one session."""


def features(row: SessionRow, agent: str) -> Values:
    """What can be said of the agent in this session: each trait at the step where it shows most."""
    shown = [
        d
        for d in row.enrich.detections
        if d.agent == agent and d.role is not DetectorRole.SYMPTOM and d.value
    ]
    ordered = sorted(shown, key=lambda d: (d.value, d.step))
    found = {d.name: (d.step, d.value) for d in ordered}
    return {name: found[name] for name in sorted(found)}


def rule_of(clues: Sequence[Clue], row: SessionRow, agent: str) -> Rule | str:
    """The rule, or what is wrong with it."""
    known = features(row, agent)
    conditions: list[Condition] = []
    for clue in clues:
        step = _step_of(clue.feature, known, row, agent)
        if step is None:
            return f"{clue.feature} is no feature of {agent}"
        conditions.append(
            Condition(
                agent=agent,
                step=step,
                trait=clue.feature,
                threshold=clue.value,
                below=clue.holds == "below",
            )
        )
    if sum(c.trait.startswith(SYMPTOM) for c in conditions) > 1:
        return "a rule may rest on one symptom only"
    rule = Rule(conditions=tuple(sorted(set(conditions), key=lambda c: (c.trait, c.threshold))))
    if not Population(agent, [row]).members(rule).all():
        return "the rule does not hold for this very session"
    return rule


def _step_of(feature: str, known: Values, row: SessionRow, agent: str) -> str | None:
    """Where a feature is looked up; one that this session lacks, where its kind stands."""
    if feature in known:
        return known[feature][0]
    if feature.startswith(TERM):
        return _step_of_term(feature, row, agent)
    if feature.startswith(TOOL) and _NAME.fullmatch(feature.removeprefix(TOOL)):
        steps = Counter(step for name, (step, _) in known.items() if name.startswith("run."))
        return min(steps, key=lambda s: (-steps[s], s), default=None)
    return None


def _step_of_term(feature: str, row: SessionRow, agent: str) -> str | None:
    _, side, word = (*feature.split(":", 2), "")[:3]
    if side not in EVERY_SIDE or not _WORD.fullmatch(word):
        return None
    own = sorted((t for t in row.interrogate.terms if t.agent == agent), key=lambda t: t.step)
    showing = [t.step for t in own if word in getattr(t, side)]
    return next(iter([*showing, *(t.step for t in own)]), None)
