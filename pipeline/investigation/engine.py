"""What every investigation engine promises: a cluster and its rows to a diagnosis in words.

In: a gated cluster, all session rows of its agent, later the spans of a few sessions. Out:
`Diagnosis`, then `Finding`. Next: the store.

The walk of one investigation: `contrast` -> `diagnose` -> `evidence.collect` -> `patch.write_patch`
-> `write_finding`.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pipeline.investigation.patch import Patch
from pipeline.investigation.result import ContrastResult
from pipeline.model.cluster import Cluster
from pipeline.model.evidence import Evidence
from pipeline.model.finding import Finding, FindingState
from pipeline.model.frozen import Frozen
from pipeline.model.session import SessionRow
from pipeline.model.signal import SignalSource


class Diagnosis(Frozen):
    """The result of a contrast in words."""

    state: FindingState
    title: str
    root_cause: str
    trigger: str | None
    tags: tuple[str, ...]
    sessions_to_read: tuple[str, ...]
    """Sessions whose spans evidence and patch need."""


class InvestigationEngine(Protocol):
    """Turns a contrast into a diagnosis."""

    @property
    def name(self) -> str:
        """Short and stable, stored with the finding."""
        ...

    @property
    def version(self) -> str:
        """Rises with every change that can change a result."""
        ...

    def diagnose(
        self, cluster: Cluster, result: ContrastResult, rows: Sequence[SessionRow]
    ) -> Diagnosis:
        """Say what the contrast found."""
        ...


def finding_id(project: str, result: ContrastResult) -> str:
    """The same cause has the same id, whichever cluster led to it; no cause is one an agent."""
    blamed = result.blamed
    if blamed is None:
        parts = (project, result.agent, "no separating cause")
    else:
        parts = (project, blamed.agent, blamed.step, blamed.feature)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def state_of(result: ContrastResult) -> FindingState:
    """Synthetic verdicts alone leave a finding unconfirmed."""
    if result.blamed is None:
        return FindingState.NO_SEPARATING_CAUSE
    if set(result.verdict_sources) <= {SignalSource.SYNTHETIC}:
        return FindingState.UNCONFIRMED
    return FindingState.OPEN


def write_finding(
    cluster: Cluster,
    result: ContrastResult,
    diagnosis: Diagnosis,
    evidence: tuple[Sequence[Evidence], Sequence[Evidence]],
    patch: Patch,
    engine: tuple[str, str],
    created_at: datetime,
) -> Finding:
    """Everything together; `evidence` is of failing and of healthy sessions, `engine` name and version."""
    blamed = result.blamed
    return Finding(
        id=finding_id(cluster.project, result),
        project=cluster.project,
        **diagnosis.model_dump(exclude={"sessions_to_read"}),
        blamed_agent=blamed.agent if blamed else None,
        blamed_step=blamed.step if blamed else None,
        surfaced_agent=result.surfaced_agent,
        feature=blamed.feature if blamed else None,
        basis=result.basis,
        n_sessions=len(result.failing_ids),
        session_ids=result.failing_ids,
        failing=result.failing,
        healthy=result.healthy,
        p_value=result.p_value,
        q_value=cluster.q_value,
        n_tests=result.n_tests,
        verdict_sources=result.verdict_sources,
        evidence=tuple(evidence[0]),
        healthy_evidence=tuple(evidence[1]),
        prompt_patch=patch.patch,
        prompt_patch_reason=patch.reason,
        engine=engine[0],
        engine_version=engine[1],
        cluster_id=cluster.id,
        revision=cluster.revision,
        created_at=created_at,
        source_cluster_ids=(cluster.id,),
        tried=result.tried,
    )
