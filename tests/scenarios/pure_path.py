"""The whole pure path in one process: spans and signals to clusters and findings, no store."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from pipeline.aggregation.aggregate import Embed, aggregate
from pipeline.aggregation.gate import gate_project
from pipeline.aggregation.settings import AggregationSettings
from pipeline.clustering.embedding import Embedder
from pipeline.conventions.steps import read_steps
from pipeline.interrogation.statistical import StatisticalInterrogator
from pipeline.investigation.contrast import contrast
from pipeline.investigation.engine import write_finding
from pipeline.investigation.evidence import collect
from pipeline.investigation.patch import write_patch
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.settings import ContrastSettings
from pipeline.investigation.statistical import StatisticalInvestigator
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.finding import Finding
from pipeline.model.session import SessionRow
from pipeline.model.signal import Signal
from pipeline.model.span import Span
from pipeline.signals.enrich import enrich
from pipeline.signals.merge import merge_signals
from pipeline.verdict import decide

PROJECT = "scenario"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make_row(session_id: str, spans: Sequence[Span], signals: Sequence[Signal]) -> SessionRow:
    """What the session stage stores."""
    steps = read_steps(spans)
    enriched, merged = enrich(steps, spans), merge_signals(signals)
    result = StatisticalInterrogator().interrogate(steps, enriched.detections, spans)
    return SessionRow(
        session_id=session_id,
        verdict=decide(enriched, merged),
        enrich=enriched,
        merge=merged,
        interrogate=result,
    )


@dataclass
class Walk:
    """One project, analysed."""

    rows: Sequence[SessionRow]
    spans: Mapping[str, Sequence[Span]]
    settings: AggregationSettings = field(default_factory=AggregationSettings)
    contrast_settings: ContrastSettings = field(default_factory=ContrastSettings)
    embed: Embed | None = None

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        """All clusters of all agents, gated."""
        agents = sorted({agent for row in self.rows for agent in row.agents})
        embed = self.embed or shared_embedder().embed
        found = [
            cluster
            for agent in agents
            for cluster in aggregate(agent, PROJECT, self.rows, self.settings, embed)
        ]
        return gate_project(found, self.settings)

    @cached_property
    def opened(self) -> tuple[Cluster, ...]:
        """Clusters that may be investigated."""
        return tuple(c for c in self.clusters if c.gate is GateState.OPEN)

    @cached_property
    def contrasts(self) -> tuple[tuple[Cluster, ContrastResult], ...]:
        """The contrast of every open cluster."""
        return tuple((c, contrast(c, self.rows, self.contrast_settings)) for c in self.opened)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Findings, one an id, with all their source clusters; most sources first."""
        joined: dict[str, list[Finding]] = defaultdict(list)
        for cluster, result in self.contrasts:
            finding = self._finding(cluster, result)
            joined[finding.id].append(finding)
        merged = [
            min(same, key=lambda f: (f.q_value, f.cluster_id)).model_copy(
                update={"source_cluster_ids": tuple(sorted(f.cluster_id for f in same))}
            )
            for same in joined.values()
        ]
        return tuple(sorted(merged, key=lambda f: (-len(f.source_cluster_ids), f.id)))

    def _finding(self, cluster: Cluster, result: ContrastResult) -> Finding:
        engine = StatisticalInvestigator()
        diagnosis = engine.diagnose(cluster, result, self.rows)
        read = {s: self.spans[s] for s in diagnosis.sessions_to_read if s in self.spans}
        quotes = collect(result, self.rows, read)
        patch = write_patch(result, self.rows, read)
        made_by = (engine.name, engine.version)
        return write_finding(cluster, result, diagnosis, quotes, patch, made_by, NOW)


_EMBEDDER: list[Embedder] = []


def shared_embedder() -> Embedder:
    """One encoder a process: loading the weights takes longer than using them."""
    if not _EMBEDDER:
        _EMBEDDER.append(Embedder())
    return _EMBEDDER[0]
