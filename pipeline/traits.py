"""Every trait in words: one table for sentences, titles and specificity.

In: a trait's name. Out: `Meaning`. Next: candidates (interrogation) and the wording of findings.
A rule of several conditions is a trait too, `rule:<its conditions as JSON>`.

The table's order is the order of specificity: where two traits separate equally well, the earlier
one is named, because it explains the later one (a truncated answer also loses numbers).
"""

import json
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from pipeline.model.cluster import Condition, Rule
from pipeline.model.frozen import Frozen


class Tier(IntEnum):
    """How much a trait says of a fault by itself.

    HARD traits hardly occur without one; SOFT ones vary by nature (a summary drops words); VOLUME
    mirrors the size of the input; SHAPE describes the input and blames nobody.
    """

    HARD = 0
    SOFT = 1
    VOLUME = 2
    SHAPE = 3


class Meaning(Frozen):
    """`clause` completes "<agent> ..."; `noun` names the matter; `tag` is for filters."""

    rank: int
    tier: Tier
    clause: str
    noun: str
    tag: str


_TABLE: tuple[tuple[str, Tier, str, str, str], ...] = (
    ("config.prompt", Tier.HARD, "runs with a particular version of its system prompt",
     "the system prompt version", "prompt-version"),
    ("config.model", Tier.HARD, "runs on a particular model", "the model", "model"),
    ("run.truncated", Tier.HARD, "stops before its output is complete", "a truncated output",
     "truncation"),
    ("run.loop", Tier.HARD, "repeats the same call over and over", "a loop", "loop"),
    ("handoff.hidden_error", Tier.HARD, "answers as if a failed tool call had worked",
     "a hidden tool error", "hidden-error"),
    ("run.no_tool", Tier.HARD, "leaves out a tool that it normally calls", "a skipped tool call",
     "skipped-tool"),
    ("handoff.identifiers", Tier.HARD, "loses or damages identifiers of its input",
     "identifiers", "identifiers"),
    ("handoff.units", Tier.HARD, "changes or drops the units of quantities", "units", "units"),
    ("handoff.signs", Tier.HARD, "turns positive amounts negative or the reverse",
     "the signs of numbers", "signs"),
    ("handoff.dates", Tier.HARD, "loses or changes dates of its input", "dates", "dates"),
    ("handoff.negations", Tier.HARD, "drops negations, so that statements turn into their opposite",
     "negations", "negation"),
    ("handoff.order", Tier.HARD, "changes the order of events and facts of its input", "order",
     "order"),
    ("handoff.numbers_changed", Tier.HARD, "writes numbers that differ from those of its input",
     "changed numbers", "numbers"),
    ("handoff.conditions", Tier.HARD, "drops conditions and exceptions of its input",
     "conditions", "conditions"),
    ("run.tool_error_text", Tier.HARD, "gets an error from a tool as plain text", "a tool error",
     "tool-error"),
    ("run.span_error", Tier.HARD, "fails in one of its calls", "a failed call", "error"),
    ("handoff.names", Tier.SOFT, "drops names of its input", "names", "names"),
    ("handoff.numbers", Tier.SOFT, "drops numbers of its input", "numbers", "numbers"),
    ("run.activity_retry", Tier.SOFT, "needs several attempts", "retries", "retry"),
    ("run.tool", Tier.SOFT, "calls a particular tool", "a tool call", "tool"),
    ("symptom.refusal", Tier.SOFT, "refuses to do what it was asked", "a refusal", "refusal"),
    ("handoff.additions", Tier.SOFT, "states things that its input does not hold",
     "additions without a source", "additions"),
    ("handoff.length", Tier.SOFT, "writes far less than it was given", "length", "length"),
    ("run.n_tools", Tier.VOLUME, "makes many tool calls", "the number of tool calls", "volume"),
    ("run.n_llm", Tier.VOLUME, "makes many model calls", "the number of model calls", "volume"),
    ("run.tokens", Tier.VOLUME, "uses many tokens", "tokens", "volume"),
    ("run.latency", Tier.VOLUME, "takes long", "latency", "latency"),
    ("input.label_switches", Tier.SHAPE, "gets an input in which speakers or labels alternate",
     "alternating speakers or labels", "input"),
    ("input.date_inversions", Tier.SHAPE, "gets an input whose dates or times step back",
     "dates out of order", "input"),
    ("input.n_negative", Tier.SHAPE, "gets an input with negative numbers", "negative numbers",
     "input"),
    ("input.n_signs_behind", Tier.SHAPE,
     "gets an input that writes minus signs behind amounts or amounts in brackets",
     "minus signs behind or brackets", "input"),
    ("input.n_negations", Tier.SHAPE, "gets an input with many negations", "negations", "input"),
    ("input.n_conditions", Tier.SHAPE, "gets an input with many conditions", "conditions",
     "input"),
    ("input.n_currencies", Tier.SHAPE, "gets an input that mixes currencies", "currencies",
     "input"),
    ("input.n_units", Tier.SHAPE, "gets an input with several units", "units", "input"),
    ("input.n_identifiers", Tier.SHAPE, "gets an input with many identifiers", "identifiers",
     "input"),
    ("input.n_dates", Tier.SHAPE, "gets an input with many dates or times", "dates", "input"),
    ("input.n_names", Tier.SHAPE, "gets an input with many names", "names", "input"),
    ("input.n_numbers", Tier.SHAPE, "gets an input with many numbers", "numbers", "input"),
    ("input.non_ascii", Tier.SHAPE, "gets an input with other than plain Latin letters",
     "non-ASCII letters", "input"),
    ("input.language", Tier.SHAPE, "gets an input in a particular language", "the language",
     "input"),
    ("input.has_code", Tier.SHAPE, "gets an input that holds code", "code", "input"),
    ("input.has_json", Tier.SHAPE, "gets an input in JSON", "JSON", "input"),
    ("input.has_list", Tier.SHAPE, "gets an input with a list", "a list", "input"),
    ("input.n_labels", Tier.SHAPE, "gets an input with many speakers or labels",
     "speakers or labels", "input"),
    ("input.n_questions", Tier.SHAPE, "gets an input with many questions", "questions", "input"),
    ("input.n_messages", Tier.SHAPE, "gets an input of many messages", "many messages", "input"),
    ("input.n_sentences", Tier.SHAPE, "gets an input of many sentences", "many sentences",
     "input"),
    ("input.n_lines", Tier.SHAPE, "gets an input of many lines", "many lines", "input"),
    ("input.length", Tier.SHAPE, "gets a long input", "length", "input"),
)  # fmt: skip

_MEANINGS = {
    name: Meaning(rank=rank, tier=tier, clause=clause, noun=noun, tag=tag)
    for rank, (name, tier, clause, noun, tag) in enumerate(_TABLE)
}
_TIERS = {"handoff": Tier.SOFT, "run": Tier.SOFT, "config": Tier.HARD, "input": Tier.SHAPE}
TERM = "term:"
RULE = "rule:"
_TERM_RANK = _MEANINGS["handoff.length"].rank


def meaning(trait: str) -> Meaning:
    """The meaning of a trait or of `term:<side>:<term>`; unknown ones are worded from their name."""
    if trait.startswith(TERM):
        _, side, term = trait.split(":", 2)
        return term_meaning(side, term)
    if trait.startswith(RULE):
        return _rule_meaning(conditions_of(trait))
    stem, _, value = trait.partition("=")
    known = _MEANINGS.get(stem)
    if known is not None and not value:
        return known
    if known is not None:
        return known.model_copy(update={"clause": _with_value(stem, value, known.clause)})
    words = stem.partition(".")[2].replace("_", " ") or stem
    tier = _TIERS.get(stem.partition(".")[0], Tier.SOFT)
    clause = f"shows {words}" + (f" ({value})" if value else "")
    return Meaning(rank=len(_TABLE), tier=tier, clause=clause, noun=words, tag=words)


def term_meaning(side: str, term: str) -> Meaning:
    """The meaning of a term on one side of a step: external, added, dropped."""
    clause = {
        "external": f"gets an input that holds “{term}”",
        "added": f"writes “{term}”, which its input does not hold",
        "dropped": f"leaves out “{term}”, which its input holds",
    }[side]
    tier = Tier.SHAPE if side == "external" else Tier.SOFT
    return Meaning(rank=_TERM_RANK, tier=tier, clause=clause, noun=f"“{term}”", tag="wording")


def _with_value(stem: str, value: str, clause: str) -> str:
    return {
        "run.tool": f"calls the tool {value}",
        "run.no_tool": f"does not call the tool {value}",
        "input.language": f"gets an input in the language {value}",
        "config.model": f"runs on the model {value}",
        "config.prompt": f"runs with version {value} of its system prompt",
    }.get(stem, f"{clause} ({value})")


def sentence(agent: str, trait: str) -> str:
    """One plain sentence, the same in every session that shows the trait."""
    return f"{agent} {meaning(trait).clause}."


def rule_name(rule: Rule) -> str:
    """A rule as the name of a trait; its conditions are sorted, so that equal rules are one."""
    parts = sorted((c.trait, c.step, c.threshold, c.below) for c in rule.conditions)
    return RULE + json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def conditions_of(name: str) -> tuple[Condition, ...]:
    """The conditions in a rule's name, without their agent."""
    parts: list[Any] = json.loads(name.removeprefix(RULE))
    return tuple(
        Condition(agent="", step=step, trait=trait, threshold=threshold, below=below)
        for trait, step, threshold, below in parts
    )


def _rule_meaning(conditions: Sequence[Condition]) -> Meaning:
    """As hard as its hardest condition; a shape of the input only if all are."""
    known = [meaning(c.trait) for c in conditions]
    tier = min(m.tier for m in known)
    said = " and ".join(_condition_words(c, m) for c, m in zip(conditions, known, strict=True))
    rank = max(m.rank for m in known)
    return Meaning(rank=rank, tier=tier, clause=said, noun="a combination", tag="combination")


def _condition_words(condition: Condition, known: Meaning) -> str:
    """A trait that counts presence needs no number."""
    if condition.threshold == 1.0 and condition.below:
        stem, _, value = condition.trait.partition("=")
        left_out = f"does not show this: it {known.clause}"
        return meaning(f"run.no_tool={value}").clause if stem == "run.tool" else left_out
    if condition.threshold == 1.0:
        return known.clause
    bound = (
        f"{condition.trait} {'below' if condition.below else 'at least'} {condition.threshold:g}"
    )
    return f"{known.clause} ({bound})"
