"""The canonical export: equal for equal input, however it arrived and whatever was killed.

In: a project, or None for all, within one read transaction. Out: dictionaries of JSON values in a
fixed order. Next: `kelet-sidecar export --canonical` prints one a line.

Left out is what depends on arrival: versions, epochs, received times, cluster ids, revisions,
lineage, history, and sessions that were emptied.
"""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, true

from pipeline.model.cluster import Cluster
from pipeline.model.finding import Finding
from pipeline.model.session import SessionRow, SessionState
from pipeline.model.signal import Signal
from pipeline.store.packing import canonical_json, rounded, unpack_model
from pipeline.store.schema import clusters, findings, session_rows, sessions, signals, spans, traces

FINDING_ARRIVAL = {"cluster_id", "revision", "created_at", "source_cluster_ids"}


def canonical(connection: Connection, project: str | None) -> Iterator[dict[str, Any]]:
    """Every fact of the project, kind by kind."""
    for kind in (_spans, _signals, _verdicts, _rows, _clusters, _findings):
        for fact in kind(connection, project):
            yield rounded(fact)


def _of(column: ColumnElement[str], project: str | None) -> ColumnElement[bool]:
    return true() if project is None else column == project


def _spans(connection: Connection, project: str | None) -> Iterator[dict[str, Any]]:
    order = (sessions.c.project, sessions.c.session_id, traces.c.trace_id, spans.c.span_id)
    rows = connection.execute(
        select(*order, spans.c.parent_id, spans.c.digest)
        .join(sessions, sessions.c.id == spans.c.session_ref)
        .join(traces, traces.c.id == spans.c.trace_ref)
        .where(_of(sessions.c.project, project))
        .order_by(*order, traces.c.scope)
    )
    for row in rows:
        yield {
            "type": "span",
            "project": row.project,
            "session_id": row.session_id,
            "trace_id": row.trace_id,
            "span_id": row.span_id,
            "parent_id": row.parent_id,
            "content": row.digest.hex(),
        }


def _signals(connection: Connection, project: str | None) -> Iterator[dict[str, Any]]:
    rows = connection.execute(
        select(
            signals.c.body, sessions.c.project.label("home"), sessions.c.session_id.label("place")
        )
        .outerjoin(sessions, sessions.c.id == signals.c.session_ref)
        .where(_of(signals.c.project, project))
        .order_by(signals.c.project, signals.c.identity)
    )
    for row in rows:
        signal = Signal.model_validate_json(row.body).model_dump(mode="json")
        yield {
            "type": "signal",
            "signal": signal,
            "attached_project": row.home,
            "attached_session_id": row.place,
        }


def _verdicts(connection: Connection, project: str | None) -> Iterator[dict[str, Any]]:
    rows = connection.execute(
        select(sessions)
        .where(_of(sessions.c.project, project), sessions.c.state != SessionState.MERGED.value)
        .order_by(sessions.c.project, sessions.c.session_id)
    )
    for row in rows:
        yield {
            "type": "verdict",
            "project": row.project,
            "session_id": row.session_id,
            "state": row.state,
            "reason": row.reason,
            "n_spans": row.n_spans,
            "verdict": json.loads(row.verdict),
        }


def _rows(connection: Connection, project: str | None) -> Iterator[dict[str, Any]]:
    rows = connection.execute(
        select(sessions.c.project, session_rows.c.body)
        .join(sessions, sessions.c.id == session_rows.c.session_ref)
        .where(_of(sessions.c.project, project))
        .order_by(sessions.c.project, sessions.c.session_id)
    )
    for row in rows:
        content = unpack_model(SessionRow, row.body).model_dump(mode="json")
        yield {"type": "row", "project": row.project, "row": content}


def _clusters(connection: Connection, project: str | None) -> Iterator[dict[str, Any]]:
    query = select(clusters.c.body).where(_of(clusters.c.project, project))
    found = [unpack_model(Cluster, body) for body in connection.execute(query).scalars()]
    facts = [
        {
            "type": "cluster",
            "project": cluster.project,
            "agent": cluster.agent,
            "noise": cluster.noise,
            "rule": None if cluster.rule is None else cluster.rule.model_dump(mode="json"),
            "session_ids": sorted(cluster.session_ids),
            "failing": [cluster.failing.k, cluster.failing.n],
            "healthy": [cluster.healthy.k, cluster.healthy.n],
            "gate": cluster.gate.value,
        }
        for cluster in found
    ]
    yield from sorted(facts, key=canonical_json)


def _findings(connection: Connection, project: str | None) -> Iterator[dict[str, Any]]:
    rows = connection.execute(
        select(findings.c.body)
        .where(_of(findings.c.project, project), findings.c.withdrawn.is_(None))
        .order_by(findings.c.project, findings.c.id)
    )
    for body in rows.scalars():
        content = unpack_model(Finding, body).model_dump(mode="json", exclude=FINDING_ARRIVAL)
        yield {"type": "finding", "finding": content}
