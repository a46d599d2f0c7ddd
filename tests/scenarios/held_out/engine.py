"""The pure walk in one process: lines of an application -> findings, without store and workflows.

In: an `Application`. Out: `Outcome`: rows, clusters, findings. Next: `judge`. It follows the
activities stage by stage; what they read from the store stands here in dictionaries.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from exporter.decode import decode
from exporter.otlp_json import read_request
from exporter.signal_body import read_signal
from pipeline.aggregation.aggregate import aggregate
from pipeline.aggregation.gate import gate_project
from pipeline.aggregation.settings import AggregationSettings
from pipeline.aggregation.vectors import CachedEmbedder
from pipeline.clustering.embedding import Embedder
from pipeline.conventions.steps import read_steps
from pipeline.interrogation.statistical import StatisticalInterrogator
from pipeline.investigation.contrast import contrast
from pipeline.investigation.engine import write_finding
from pipeline.investigation.evidence import collect
from pipeline.investigation.patch import write_patch
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.statistical import StatisticalInvestigator
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.finding import Finding
from pipeline.model.session import SessionRow
from pipeline.model.signal import Signal
from pipeline.model.span import Span
from pipeline.model.span_keys import SpanKeys
from pipeline.signals.enrich import enrich
from pipeline.signals.merge import merge_signals
from pipeline.store.chunk_body import split
from pipeline.store.chunk_keys import span_keys, unpack_keys
from pipeline.store.homes import resolve
from pipeline.store.span_codec import decode_span
from pipeline.verdict import decide
from tests.scenarios.held_out.truth import Application, Line

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Spans = Mapping[str, Sequence[Span]]


class Outcome(NamedTuple):
    """Everything the engine made of an application."""

    rows: tuple[SessionRow, ...]
    clusters: tuple[Cluster, ...]
    findings: tuple[Finding, ...]
    contrasts: tuple[ContrastResult, ...]


class Vectors:
    """What the store keeps of vectors."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def embeddings(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The known ones of `keys`."""
        return {key: self._kept[key] for key in keys if key in self._kept}

    def put_embeddings(self, items: dict[str, bytes]) -> None:
        """Keep more."""
        self._kept |= items


@cache
def embedder() -> CachedEmbedder:
    """One for the whole process."""
    return CachedEmbedder(Vectors(), Embedder())


def diagnose(app: Application) -> Outcome:
    """All stages, one after the other."""
    spans = read_spans(app)
    rows = session_rows(app, spans)
    settings = AggregationSettings()
    clusters: list[Cluster] = []
    for agent in sorted({agent for row in rows for agent in row.agents}):
        acting = [row for row in rows if agent in row.agents]
        clusters += aggregate(agent, app.name, acting, settings, embedder())
    gated = gate_project(clusters, settings)
    findings: dict[str, Finding] = {}
    contrasts: list[ContrastResult] = []
    for cluster in gated:
        if cluster.gate is GateState.OPEN:
            result, finding = investigate(cluster, rows, spans)
            contrasts.append(result)
            findings[finding.id] = joined(findings.get(finding.id), finding)
    return Outcome(rows, tuple(gated), tuple(findings.values()), tuple(contrasts))


def read_spans(app: Application) -> Spans:
    """Every span of every session, as the store would give it back."""
    keys: dict[str, list[SpanKeys]] = defaultdict(list)
    spans: dict[tuple[str, str], Span] = {}
    for line in app.lines:
        body = read_request(json.dumps(line)).request.SerializeToString()
        decoded = decode(body, project=app.name)
        assert not decoded.rejected
        for chunk in decoded.chunks:
            keys[chunk.trace_id] += span_keys(chunk.trace_id, unpack_keys(chunk.keys))
            for group in split(chunk.body):
                for wire in group.spans:
                    span = decode_span(wire, group.resource, group.scope_info)
                    spans[span.trace_id, span.span_id] = span
    sessions: dict[str, list[Span]] = defaultdict(list)
    for trace_id, of_trace in keys.items():
        for span_id, home in resolve(of_trace).items():
            sessions[home.session_id].append(spans[trace_id, span_id])
    return {
        s: sorted(of, key=lambda span: (span.start, span.span_id)) for s, of in sessions.items()
    }


def session_rows(app: Application, spans: Spans) -> tuple[SessionRow, ...]:
    """Enrich, merge, interrogate, decide."""
    signals: dict[str, list[Signal]] = defaultdict(list)
    for line in app.signals:
        signals[str(line["session_id"])].append(_signal(app.name, line))
    rows: list[SessionRow] = []
    for session_id, own in sorted(spans.items()):
        steps = read_steps(own)
        enriched = enrich(steps, own)
        merged = merge_signals(signals[session_id])
        told = StatisticalInterrogator().interrogate(steps, enriched.detections, own)
        verdict = decide(enriched, merged)
        rows.append(
            SessionRow(
                session_id=session_id,
                verdict=verdict,
                enrich=enriched,
                merge=merged,
                interrogate=told,
            )
        )
    return tuple(rows)


def _signal(project: str, line: Line) -> Signal:
    return read_signal(project, json.dumps(line).encode()).signal


def investigate(
    cluster: Cluster, rows: Sequence[SessionRow], spans: Spans
) -> tuple[ContrastResult, Finding]:
    """One investigation, from the cluster to the finding."""
    acting = [row for row in rows if cluster.agent in row.agents]
    result = contrast(cluster, acting)
    engine = StatisticalInvestigator()
    diagnosis = engine.diagnose(cluster, result, acting)
    read = {session_id: spans[session_id] for session_id in diagnosis.sessions_to_read}
    evidence = collect(result, acting, read)
    patch = write_patch(result, acting, read)
    made_by = (engine.name, engine.version)
    return result, write_finding(cluster, result, diagnosis, evidence, patch, made_by, NOW)


def joined(known: Finding | None, more: Finding) -> Finding:
    """Another cluster that leads to a known finding joins it as a source."""
    if known is None:
        return more
    sources = (*known.source_cluster_ids, *more.source_cluster_ids)
    return known.model_copy(update={"source_cluster_ids": sources})
