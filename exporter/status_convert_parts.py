"""Parts of findings as messages of `exporter.rpc.v1`, and back: rates, quotes, explanations.

In: models of `pipeline.model`, or messages. Out: the other of the two. Next:
`exporter.status_convert_findings` puts them together.
"""

from collections.abc import Iterable

from exporter.rpc.v1 import status_pb2 as pb
from exporter.status_wire import optional_text, present, text
from pipeline.model.cluster import Rate
from pipeline.model.evidence import Evidence
from pipeline.model.finding import MechanismStep, ModelExplanation, PatchTrial, RivalCause


def rate_to_message(rate: Rate) -> pb.Rate:
    """Rate -> message."""
    return pb.Rate(k=rate.k, n=rate.n, low=rate.low, high=rate.high)


def rate_from_message(message: pb.Rate) -> Rate:
    """Message -> rate."""
    return Rate(k=message.k, n=message.n, low=message.low, high=message.high)


def evidence_to_message(evidence: Iterable[Evidence]) -> list[pb.Evidence]:
    """Quotes -> messages."""
    return [
        pb.Evidence(
            session_id=text(e.session_id),
            span_id=e.span_id,
            field=text(e.field),
            quote=text(e.quote),
            verified=e.verified,
        )
        for e in evidence
    ]


def evidence_from_message(evidence: Iterable[pb.Evidence]) -> tuple[Evidence, ...]:
    """Messages -> quotes."""
    return tuple(
        Evidence(
            session_id=e.session_id,
            span_id=e.span_id,
            field=e.field,
            quote=e.quote,
            verified=e.verified,
        )
        for e in evidence
    )


def _trial_to_message(trial: PatchTrial | None) -> pb.PatchTrial | None:
    if trial is None:
        return None
    return pb.PatchTrial(fixed=rate_to_message(trial.fixed), broken=rate_to_message(trial.broken))


def _rival_to_message(rival: RivalCause) -> pb.RivalCause:
    return pb.RivalCause(
        says=text(rival.says),
        why_not=text(rival.why_not),
        agent=text(rival.agent),
        feature=text(rival.feature),
        failing=rate_to_message(rival.failing),
        healthy=rate_to_message(rival.healthy),
        p_value=rival.p_value,
        separates=rival.separates,
    )


def _rival_from_message(message: pb.RivalCause) -> RivalCause:
    return RivalCause(
        says=message.says,
        why_not=message.why_not,
        agent=message.agent,
        feature=message.feature,
        failing=rate_from_message(message.failing),
        healthy=rate_from_message(message.healthy),
        p_value=message.p_value,
        separates=message.separates,
    )


def explanation_to_message(explanation: ModelExplanation | None) -> pb.ModelExplanation | None:
    """Explanation -> message."""
    if explanation is None:
        return None
    return pb.ModelExplanation(
        model=text(explanation.model),
        root_cause=optional_text(explanation.root_cause),
        mechanism=[
            pb.MechanismStep(says=text(m.says), evidence=evidence_to_message([m.evidence])[0])
            for m in explanation.mechanism
        ],
        n_verified=explanation.n_verified,
        n_claims=explanation.n_claims,
        reason=optional_text(explanation.reason),
        cost_usd=explanation.cost_usd,
        cost_tokens=explanation.cost_tokens,
        trial=_trial_to_message(explanation.trial),
        trial_reason=optional_text(explanation.trial_reason),
        rivals=[_rival_to_message(rival) for rival in explanation.rivals],
    )


def explanation_from_message(message: pb.ModelExplanation) -> ModelExplanation:
    """Message -> explanation."""
    trial = message.trial
    return ModelExplanation(
        model=message.model,
        root_cause=present(message, "root_cause"),
        mechanism=tuple(
            MechanismStep(says=m.says, evidence=evidence_from_message([m.evidence])[0])
            for m in message.mechanism
        ),
        n_verified=message.n_verified,
        n_claims=message.n_claims,
        reason=present(message, "reason"),
        cost_usd=message.cost_usd,
        cost_tokens=message.cost_tokens,
        trial=PatchTrial(
            fixed=rate_from_message(trial.fixed), broken=rate_from_message(trial.broken)
        )
        if message.HasField("trial")
        else None,
        trial_reason=present(message, "trial_reason"),
        rivals=tuple(_rival_from_message(rival) for rival in message.rivals),
    )
