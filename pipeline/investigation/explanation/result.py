"""Pure: a finding with what the model added, each quote with its place.

In: a finding, `Explained`, the contrast, the steps that are quoted. Out: the finding. Next: the store.
"""

from pipeline.investigation.explanation.check import Steps, quoted
from pipeline.investigation.explanation.contracts import Explained, RivalMeasured
from pipeline.investigation.explanation.table import NAMED_AT
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.trial.contracts import Tried
from pipeline.model.finding import (
    Finding,
    MechanismStep,
    ModelExplanation,
    PatchTrial,
    PromptPatch,
    RivalCause,
)

MICROS = 1_000_000


def add_explanation(
    finding: Finding,
    said: tuple[Explained, Tried],
    result: ContrastResult,
    steps: Steps,
    model: str,
) -> Finding:
    """The statistics stay as they are; words, mechanism, tags and cost come beside them."""
    explained, tried = said
    mechanism = tuple(
        MechanismStep(says=claim.says, evidence=evidence)
        for claim in explained.mechanism
        if (evidence := quoted(claim, result, steps)) is not None
    )
    explanation = explained.explanation
    added = ModelExplanation(
        model=model,
        root_cause=explanation.root_cause if explanation else None,
        mechanism=mechanism,
        n_verified=explained.n_verified,
        n_claims=explained.n_claims,
        reason=explained.reason,
        cost_usd=(explained.micros + tried.micros) / MICROS,
        cost_tokens=explained.tokens + tried.tokens,
        trial=tried.trial,
        trial_reason=tried.reason,
        rivals=tuple(_rival(rival) for rival in explained.rivals),
    )
    tags = (*finding.tags, *(explanation.tags if explanation else ()))
    return finding.model_copy(
        update={
            "explanation": added,
            "tags": tuple(dict.fromkeys(tags)),
            "engine": f"{finding.engine}+model" if explanation else finding.engine,
        }
    )


def hold_to_trial(finding: Finding, plain: PromptPatch | None) -> Finding:
    """A model's patch is proposed only where a trial speaks for it; else `plain`, the statistics' own,
    takes its place."""
    explanation = finding.explanation
    why = None if explanation is None else unproven(explanation.trial, explanation.trial_reason)
    if explanation is None or why is None:
        return finding
    reason = f"the model's patch {why}"
    instead = ", so that of the statistics is proposed, not tried" if plain else ""
    changes = {
        "explanation": explanation.model_copy(update={"trial_reason": f"{reason}{instead}"}),
        "prompt_patch": plain,
        "prompt_patch_reason": None if plain else reason,
    }
    return finding.model_copy(update=changes)


def unproven(trial: PatchTrial | None, reason: str | None) -> str | None:
    """What speaks against a patch, or that nothing speaks for it; None for a good one."""
    if trial is None:
        return f"could not be tried ({reason})"
    fixed, broken = trial.fixed, trial.broken
    if broken.k and broken.k * max(1, fixed.n) >= fixed.k * broken.n:
        return f"breaks {broken.k} of {broken.n} and fixes {fixed.k} of {fixed.n}"
    return None if fixed.k else f"fixes {fixed.k} of {fixed.n}"


def _rival(rival: RivalMeasured) -> RivalCause:
    numbers = rival.numbers
    return RivalCause(
        says=rival.says,
        why_not=rival.why_not,
        agent=numbers.agent,
        feature=numbers.feature,
        failing=numbers.failing,
        healthy=numbers.healthy,
        p_value=numbers.p_value,
        separates=numbers.p_value <= NAMED_AT,
    )
