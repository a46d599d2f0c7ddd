"""Pure: a finding with what the model added, each quote with its place.

In: a finding, `Explained`, the contrast, the steps that are quoted. Out: the finding. Next: the store.
"""

from pipeline.investigation.explanation.check import Steps, quoted
from pipeline.investigation.explanation.contracts import Explained
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.trial.contracts import Tried
from pipeline.model.finding import Finding, MechanismStep, ModelExplanation

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
    )
    tags = (*finding.tags, *(explanation.tags if explanation else ()))
    return finding.model_copy(
        update={
            "explanation": added,
            "tags": tuple(dict.fromkeys(tags)),
            "engine": f"{finding.engine}+model" if explanation else finding.engine,
        }
    )
