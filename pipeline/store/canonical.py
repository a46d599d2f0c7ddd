"""The canonical export: equal for equal input, however it arrived and whatever was killed.

In: a project, or None for all, within one read transaction. Out: dictionaries of JSON values in a
fixed order. Next: `kelet-sidecar export --canonical` prints one a line.

Left out is what depends on arrival: versions, epochs, received times, cluster ids, revisions,
lineage, history, and sessions that were emptied.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import ColumnElement, Connection, select, true

from pipeline.model.cluster import Cluster
from pipeline.model.finding import Finding
from pipeline.model.session import SessionRow, SessionState
from pipeline.model.signal import Signal
from pipeline.model.span_keys import Home
from pipeline.store.bodies import BodyMoved, BodyStore
from pipeline.store.intake import canonical_span
from pipeline.store.packing import canonical_json, digest_of, rounded, unpack_model
from pipeline.store.schema import clusters, findings, session_rows, sessions, signals
from pipeline.store.session_spans import Stored, stored_spans

Later = Callable[[], AbstractContextManager[Connection]]
"""A read transaction of a later moment."""

FINDING_ARRIVAL = {"cluster_id", "revision", "created_at", "source_cluster_ids"}


def canonical(
    connection: Connection, project: str | None, bodies: BodyStore, later: Later
) -> Iterator[dict[str, Any]]:
    """Every fact of the project, kind by kind."""
    for fact in _spans(connection, project, bodies, later):
        yield rounded(fact)
    for kind in (_signals, _verdicts, _rows, _clusters, _findings):
        for fact in kind(connection, project):
            yield rounded(fact)


def _of(column: ColumnElement[str], project: str | None) -> ColumnElement[bool]:
    return true() if project is None else column == project


def _spans(
    connection: Connection, project: str | None, bodies: BodyStore, later: Later
) -> Iterator[dict[str, Any]]:
    """Session by session; the content is what the span says, however it was encoded.

    What a compaction has moved since this moment is looked up as it stands now.
    """
    named = (sessions.c.project, sessions.c.session_id)
    rows = connection.execute(
        select(sessions.c.id, *named).where(_of(sessions.c.project, project)).order_by(*named)
    ).all()
    for ref, *name in rows:
        home = Home(*name)
        try:
            facts = [_span(home, stored) for stored in stored_spans(connection, bodies, ref, home)]
        except BodyMoved:
            with later() as fresh:
                facts = [_span(home, stored) for stored in stored_spans(fresh, bodies, ref, home)]
        for _, fact in sorted(facts, key=lambda pair: pair[0]):
            yield fact


def _span(home: Home, stored: Stored) -> tuple[tuple[str, ...], dict[str, Any]]:
    span = Span.FromString(stored.span)
    content = digest_of(canonical_span(stored.span), stored.resource, stored.scope_info)
    trace_id, span_id, parent = stored.trace.key[0], span.span_id.hex(), span.parent_span_id
    fact = {
        "type": "span",
        "project": home.project,
        "session_id": home.session_id,
        "trace_id": trace_id,
        "span_id": span_id,
        "parent_id": parent.hex() if any(parent) else None,
        "content": content.hex(),
    }
    return (trace_id, span_id, stored.trace.key[1]), fact


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
            "rule": None
            if cluster.rule is None
            else cluster.rule.model_dump(mode="json", exclude_defaults=True),
            "session_ids": sorted(cluster.session_ids),
            "failing": [cluster.failing.k, cluster.failing.n],
            "healthy": [cluster.healthy.k, cluster.healthy.n],
            "gate": cluster.gate.value,
            **({"suggested_by": sorted(cluster.suggested_by)} if cluster.proposals else {}),
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
