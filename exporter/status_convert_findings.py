"""Clusters and findings as messages of `exporter.rpc.v1`, and back; pure inverse functions.

In: models of `pipeline.model`, or messages. Out: the other of the two. Next: `exporter.status` sends
the messages, `exporter.cli` shows the models.
"""

from exporter.rpc.v1 import status_pb2 as pb
from exporter.status_convert_parts import (
    evidence_from_message,
    evidence_to_message,
    explanation_from_message,
    explanation_to_message,
    rate_from_message,
    rate_to_message,
)
from exporter.status_convert_proposals import (
    proposal_from_message,
    proposal_to_message,
    rule_from_message,
    rule_to_message,
)
from exporter.status_wire import (
    enum_to_wire,
    known,
    moment,
    optional_text,
    present,
    sources,
    text,
    texts,
    timestamp,
)
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.finding import Basis, Finding, FindingState, HealthyRate, PromptPatch


def _healthy_from_message(message: pb.HealthyRate) -> HealthyRate:
    return HealthyRate(
        confirmed_n=message.confirmed_n,
        presumed_n=message.presumed_n,
        k=message.k,
        n=message.n,
        low=message.low,
        high=message.high,
    )


def cluster_to_message(cluster: Cluster) -> pb.Cluster:
    """Cluster -> message."""
    return pb.Cluster(
        id=cluster.id,
        project=cluster.project,
        agent=text(cluster.agent),
        label=text(cluster.label),
        rule=None if cluster.rule is None else rule_to_message(cluster.rule),
        noise=cluster.noise,
        failing=rate_to_message(cluster.failing),
        healthy=rate_to_message(cluster.healthy),
        n_blocks=cluster.n_blocks,
        p_value=cluster.p_value,
        q_value=cluster.q_value,
        gate=enum_to_wire(cluster.gate),
        reason=text(cluster.reason),
        session_ids=texts(cluster.session_ids),
        n_hypotheses=cluster.n_hypotheses,
        revision=cluster.revision,
        content_digest=cluster.content_digest,
        proposals=[proposal_to_message(p) for p in cluster.proposals],
        n_proposed=cluster.n_proposed,
    )


def cluster_from_message(message: pb.Cluster) -> Cluster:
    """Message -> cluster."""
    return Cluster(
        id=message.id,
        project=message.project,
        agent=message.agent,
        label=message.label,
        rule=rule_from_message(message.rule) if message.HasField("rule") else None,
        noise=message.noise,
        session_ids=tuple(message.session_ids),
        failing=rate_from_message(message.failing),
        healthy=rate_from_message(message.healthy),
        n_blocks=message.n_blocks,
        p_value=message.p_value,
        q_value=message.q_value,
        gate=known(GateState, message.gate),
        reason=message.reason,
        content_digest=message.content_digest,
        revision=message.revision,
        n_hypotheses=message.n_hypotheses,
        proposals=tuple(proposal_from_message(p) for p in message.proposals),
        n_proposed=message.n_proposed,
    )


def _patch_to_message(patch: PromptPatch | None) -> pb.PromptPatch | None:
    if patch is None:
        return None
    return pb.PromptPatch(
        agent=text(patch.agent), system_prompt_hash=patch.system_prompt_hash, diff=text(patch.diff)
    )


def _patch_from_message(message: pb.PromptPatch) -> PromptPatch:
    return PromptPatch(
        agent=message.agent, system_prompt_hash=message.system_prompt_hash, diff=message.diff
    )


def finding_to_message(finding: Finding) -> pb.Finding:
    """Finding -> message."""
    return pb.Finding(
        id=finding.id,
        project=finding.project,
        state=enum_to_wire(finding.state),
        title=text(finding.title),
        root_cause=text(finding.root_cause),
        trigger=optional_text(finding.trigger),
        blamed_agent=optional_text(finding.blamed_agent),
        blamed_step=optional_text(finding.blamed_step),
        surfaced_agent=text(finding.surfaced_agent),
        feature=optional_text(finding.feature),
        basis=enum_to_wire(finding.basis),
        n_sessions=finding.n_sessions,
        session_ids=texts(finding.session_ids),
        failing=rate_to_message(finding.failing),
        healthy=pb.HealthyRate(**finding.healthy.model_dump()),
        p_value=finding.p_value,
        q_value=finding.q_value,
        n_tests=finding.n_tests,
        verdict_sources=[enum_to_wire(s) for s in finding.verdict_sources],
        evidence=evidence_to_message(finding.evidence),
        tags=texts(finding.tags),
        prompt_patch=_patch_to_message(finding.prompt_patch),
        prompt_patch_reason=optional_text(finding.prompt_patch_reason),
        engine=finding.engine,
        engine_version=finding.engine_version,
        cluster_id=finding.cluster_id,
        revision=finding.revision,
        created_at=timestamp(finding.created_at),
        source_cluster_ids=finding.source_cluster_ids,
        healthy_evidence=evidence_to_message(finding.healthy_evidence),
        tried=texts(finding.tried),
        explanation=explanation_to_message(finding.explanation),
    )


def finding_from_message(message: pb.Finding) -> Finding:
    """Message -> finding."""
    patch = message.prompt_patch if message.HasField("prompt_patch") else None
    return Finding(
        id=message.id,
        project=message.project,
        state=known(FindingState, message.state),
        title=message.title,
        root_cause=message.root_cause,
        trigger=present(message, "trigger"),
        blamed_agent=present(message, "blamed_agent"),
        blamed_step=present(message, "blamed_step"),
        surfaced_agent=message.surfaced_agent,
        feature=present(message, "feature"),
        basis=known(Basis, message.basis),
        n_sessions=message.n_sessions,
        session_ids=tuple(message.session_ids),
        failing=rate_from_message(message.failing),
        healthy=_healthy_from_message(message.healthy),
        p_value=present(message, "p_value"),
        q_value=message.q_value,
        n_tests=message.n_tests,
        verdict_sources=sources(message.verdict_sources),
        evidence=evidence_from_message(message.evidence),
        tags=tuple(message.tags),
        prompt_patch=_patch_from_message(patch) if patch is not None else None,
        prompt_patch_reason=present(message, "prompt_patch_reason"),
        engine=message.engine,
        engine_version=message.engine_version,
        cluster_id=message.cluster_id,
        revision=message.revision,
        created_at=moment(message.created_at),
        source_cluster_ids=tuple(message.source_cluster_ids),
        healthy_evidence=evidence_from_message(message.healthy_evidence),
        tried=tuple(message.tried),
        explanation=explanation_from_message(message.explanation)
        if message.HasField("explanation")
        else None,
    )
