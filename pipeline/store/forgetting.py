"""Quotes of removed sessions are taken out of whatever was copied from them.

In: a project and the ids of sessions that somebody had removed. Out: how many copies changed. Next:
`removal`. Sessions that only grew old keep their quotes: those belong to the finding.

What a model wrote about a removed session goes as a whole, and so do the answers and payloads that
were kept of that investigation: nobody can tell what in a sentence came from where.
"""

import json
from collections.abc import Iterator, Set
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, select, update

from pipeline.model.finding import Finding
from pipeline.store.chunks import chunked
from pipeline.store.model_ledger import COMMAND
from pipeline.store.model_schema import claim_checks, model_answers, model_spending
from pipeline.store.packing import canonical_json, pack, unpack
from pipeline.store.schema import clusters, findings, investigation_stages, investigations
from pipeline.store.tombstones import find, session_name
from pipeline.temporal.ids import ISSUE_ROOMS, model_workflow_id

Opening = tuple[str, int]
"""(cluster id, revision)."""

_GONE = object()


def without_sessions(value: Any, ids: Set[str]) -> Any:
    """The JSON value without what stands in it of these sessions."""
    cleaned = _clean(value, ids)
    return None if cleaned is _GONE else cleaned


def _clean(value: Any, ids: Set[str]) -> Any:
    if isinstance(value, list):
        return [item for item in (_clean(item, ids) for item in value) if item is not _GONE]
    if not isinstance(value, dict):
        return value
    if value.get("session_id") in ids:
        return _GONE
    cleaned = {key: _clean(inner, ids) for key, inner in value.items()}
    if "session_ids" in cleaned:
        cleaned["session_ids"] = [one for one in cleaned["session_ids"] if one not in ids]
    if any(inner is _GONE for inner in cleaned.values()):
        return _GONE  # a claim without its quote is none
    if (written := cleaned.get("explanation")) and written != value["explanation"]:
        cleaned["explanation"] = None
    return cleaned


def forget_quotes(connection: Connection, project: str, ids: Set[str]) -> int:
    """Clean every copy in the project; the number of findings and results that changed."""
    openings: set[Opening] = set()
    n_changed = 0
    for table in (findings, investigations, investigation_stages, clusters):
        for key, text in _copies(connection, table, project, ids):
            _replace(connection, table, key, without_sessions(json.loads(text), ids), ids)
            n_changed += table is findings
            if "revision" in key and "cluster_id" in key:
                openings.add((key["cluster_id"], key["revision"]))
    for cluster_id, revision in sorted(openings):
        for kind in ISSUE_ROOMS:
            workflow_id = model_workflow_id(kind, project, cluster_id, revision)
            drop_model_work(connection, project, workflow_id)
    for finding_id in _findings_of(connection, project, openings):
        drop_model_work(connection, project, f"{COMMAND}/{finding_id}")
    return n_changed


def _findings_of(connection: Connection, project: str, openings: Set[Opening]) -> set[str]:
    """Findings that the investigations led to: their patches may have been optimised."""
    led = and_(investigations.c.project == project, investigations.c.finding_id.is_not(None))
    rows = connection.execute(
        select(
            investigations.c.cluster_id, investigations.c.revision, investigations.c.finding_id
        ).where(led)
    )
    return {row.finding_id for row in rows if (row.cluster_id, row.revision) in openings}


def _copies(
    connection: Connection, table: Table, project: str, ids: Set[str]
) -> Iterator[tuple[dict[str, Any], str]]:
    """Rows whose text names one of the sessions."""
    named = [json.dumps(session_id) for session_id in ids]  # as `canonical_json` writes it
    keys = list(table.primary_key.columns)
    rows = connection.execute(
        select(*keys, table.c.body).where(table.c.project == project, table.c.body.is_not(None))
    ).all()
    for *key, body in rows:
        text = unpack(body).decode()
        if any(name in text for name in named):
            yield dict(zip((column.name for column in keys), key, strict=True)), text


def _replace(
    connection: Connection, table: Table, key: dict[str, Any], cleaned: Any, ids: Set[str]
) -> None:
    one = and_(*(table.c[name] == value for name, value in key.items()))
    text = canonical_json(cleaned)
    if table is investigation_stages and any(json.dumps(one) in text for one in ids):
        connection.execute(delete(table).where(one))  # in a shape that is not known here
    else:
        connection.execute(update(table).where(one).values(body=pack(text.encode())))


def drop_model_work(connection: Connection, project: str, workflow_id: str) -> None:
    """Payloads of a workflow, and the answers that its requests were paid for."""
    connection.execute(delete(claim_checks).where(claim_checks.c.owner == workflow_id))
    paid = and_(model_spending.c.project == project, model_spending.c.purpose == workflow_id)
    keys = connection.execute(select(model_spending.c.key).where(paid)).scalars().all()
    for piece in chunked(keys):
        kept = and_(model_answers.c.project == project, model_answers.c.key.in_(piece))
        connection.execute(delete(model_answers).where(kept))


def admissible(connection: Connection, project: str, finding: Finding, now: int) -> Finding:
    """The finding without quotes of sessions that were removed while it was being investigated."""
    quoted = {e.session_id for e in (*finding.evidence, *finding.healthy_evidence)}
    quoted.update(finding.session_ids)
    stones = find(connection, [session_name(project, session_id) for session_id in quoted], now)
    gone = {name[2] for name, stone in stones.items() if stone.forgotten}
    if not gone:
        return finding
    return Finding.model_validate(without_sessions(finding.model_dump(mode="json"), gone))
