"""A contrast in words: title, root cause, trigger, tags. Plain English an engineer wants to read.

In: `ContrastResult` and one telling detail. Out: strings. Next: the finding.
"""

from pipeline.investigation.columns import Tried
from pipeline.investigation.result import ContrastResult, FeatureResult
from pipeline.model.cluster import Cluster, Rate
from pipeline.model.finding import Basis
from pipeline.traits import Tier


def tried(feature: FeatureResult) -> Tried:
    """The feature with its meaning."""
    return Tried(feature.agent, feature.step, feature.feature)


def title(result: ContrastResult, cluster: Cluster) -> str:
    """One line."""
    if result.blamed is None:
        return f"No separating cause behind: {cluster.label.rstrip('.')}"
    return _sentence(result.blamed)


def root_cause(result: ContrastResult, detail: str = "") -> str:
    """What the agent did, when, how much more often in failing sessions, where it shows."""
    blamed = result.blamed
    if blamed is None:
        return _no_cause(result)
    parts = [_cause(result, blamed), _rates(result, blamed), _detail(detail)]
    return " ".join(part for part in [*parts, _downstream(result, blamed), _basis(result)] if part)


def trigger(result: ContrastResult) -> str | None:
    """The input feature that goes along with the failures; it blames nobody."""
    found = result.trigger
    if found is None:
        return None
    what = tried(found).meaning.clause
    lack = "" if found.effect > 0 else "the lack of this: "
    bound = "" if found.feature.startswith("term:") else f", {found.feature} ≥ {found.cut:g}"
    bound = bound.replace("≥", "<") if found.effect < 0 else bound
    return f"{lack}{found.agent} {what} ({found.step}{bound})"


def tags(result: ContrastResult) -> tuple[str, ...]:
    """For filters: the matter, how it was found, whether an input triggers it."""
    if result.blamed is None:
        return ("no-separating-cause",)
    family = result.blamed.feature.partition(".")[0].partition(":")[0]
    found = {tried(result.blamed).meaning.tag, family, f"basis-{result.basis.value}"}
    if result.trigger is not None:
        found.add("triggered-by-input")
    return tuple(sorted(found))


def _sentence(feature: FeatureResult) -> str:
    clause = tried(feature).meaning.clause
    if feature.effect < 0:
        clause = f"lacks what healthy sessions show: it {clause}"
    return f"{feature.agent} {clause}"


def _cause(result: ContrastResult, blamed: FeatureResult) -> str:
    cause = _sentence(blamed)
    if result.basis is Basis.HANDOFF:
        cause = f"The failures are consistent with this: {cause}"
    found = result.trigger
    if found is None:
        return f"{cause}."
    clause = tried(found).meaning.clause
    if found.effect < 0:
        clause = f"does not show this: it {clause}"
    who = "it" if found.agent == blamed.agent else found.agent
    return f"{cause}, mostly when {who} {clause}."


def _rates(result: ContrastResult, blamed: FeatureResult) -> str:
    return (
        f"This shows in {_share(result.failing)} failing sessions and in "
        f"{_share(result.healthy)} healthy ones (adjusted p = {result.p_value:.2g}, "
        f"{result.n_tests} columns tried)."
    )


def _share(rate: Rate) -> str:
    share = rate.k / rate.n if rate.n else 0.0
    return f"{rate.k} of {rate.n} ({share:.0%}, 95 % interval {rate.low:.0%} to {rate.high:.0%})"


def _detail(detail: str) -> str:
    return f"For example: {detail}." if detail else ""


def _downstream(result: ContrastResult, blamed: FeatureResult) -> str:
    """The strongest rival at a later agent is how the loss becomes visible."""
    later = [r for r in result.rivals if r.agent in result.downstream and _shows_damage(r)]
    if later:
        shown = max(later, key=lambda r: (r.t, r.agent, r.feature))
        return f"Downstream it shows at {shown.agent}, which {tried(shown).meaning.clause}."
    if result.surfaced_agent != blamed.agent:
        return f"It surfaces in the output of {result.surfaced_agent}, which works on what it got."
    return ""


def _shows_damage(rival: FeatureResult) -> bool:
    """A trait of what was done with the input; a single word says too little to a reader."""
    told = tried(rival)
    return rival.effect > 0 and not told.is_term and told.meaning.tier is not Tier.SHAPE


def _basis(result: ContrastResult) -> str:
    if result.basis is Basis.HANDOFF:
        return (
            "Among sessions with equal input nothing separates clearly, so the link rests on the "
            "data flow: this is the earliest step that loses something while its own input is "
            "intact."
        )
    if result.trigger is not None:
        return "It separates also among sessions whose input is alike in that respect."
    return ""


def _no_cause(result: ContrastResult) -> str:
    shown = f"The statement holds for {_share(result.failing)} failing sessions and for " + (
        f"{_share(result.healthy)} healthy ones, but {result.reason}."
    )
    found = trigger(result)
    return f"{shown} What does separate them is the input: {found}." if found else shown
