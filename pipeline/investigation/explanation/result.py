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
    """A model's patch that was tried and did no good is not proposed; `plain`, the statistics' own,
    takes its place."""
    explanation = finding.explanation
    why = failed_trial(explanation.trial) if explanation and explanation.trial else None
    if explanation is None or why is None:
        return finding
    instead = " The patch that is proposed is that of the statistics, not tried." if plain else ""
    reason = f"the patch that was tried {why}."
    said = explanation.model_copy(update={"trial_reason": f"{reason}{instead}"})
    changes = {
        "explanation": said,
        "prompt_patch": plain,
        "prompt_patch_reason": None if plain else reason,
    }
    return finding.model_copy(update=changes)


def failed_trial(trial: PatchTrial) -> str | None:
    """What speaks against a patch; None where nothing does."""
    fixed, broken = trial.fixed, trial.broken
    if broken.k and broken.k * max(1, fixed.n) >= fixed.k * broken.n:
        return f"breaks {broken.k} of {broken.n} and fixes {fixed.k} of {fixed.n}"
    return f"fixes none of {fixed.n}" if fixed.n and not fixed.k else None


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
