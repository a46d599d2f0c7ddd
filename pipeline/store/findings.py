"""Findings: what the investigations of the clusters that are open now add up to.

In: the results of investigations, the gate's newest word, a user's decisions. Out: the current
findings; the history stays. Next: status service, CLI, console.

A finding is listed while at least one source supports it: a cluster that is gated open and whose
newest investigated revision led to it. Several sources join; the text shown is that of the source
with the smallest (q-value, content), so the order in which investigations end does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel
from sqlalchemy import Connection, and_, delete, select, update

from pipeline.errors import BadRequest, NotFound
from pipeline.model.answers import Investigation
from pipeline.model.cluster import GateState
from pipeline.model.finding import Finding, FindingState, PatchTrial, PromptPatch
from pipeline.store.dialect import insert, lock_project
from pipeline.store.forgetting import admissible
from pipeline.store.packing import canonical_json, pack, pack_model, unpack, unpack_model
from pipeline.store.schema import (
    cluster_revisions,
    clusters,
    finding_decisions,
    findings,
    investigation_stages,
    investigations,
)

DECISIONS = (FindingState.RESOLVED, FindingState.DISMISSED)


class Source(NamedTuple):
    """A cluster that supports a finding, and the revision that led there. The smallest is shown."""

    q_value: float
    content_digest: str
    cluster_id: str
    revision: int
    finding_id: str


def finish_investigation(
    connection: Connection,
    opening: tuple[str, str, int],
    finding: Finding | None,
    reason: str,
    now: int,
) -> bool:
    """Record the result of (project, cluster id, revision); False if it has one already."""
    project, cluster_id, revision = opening
    lock_project(connection, project)
    finding = None if finding is None else admissible(connection, project, finding, now)
    noted = and_(
        cluster_revisions.c.project == project, cluster_revisions.c.cluster_id == cluster_id
    )
    newest = connection.execute(select(cluster_revisions.c.revision).where(noted)).scalar()
    recorded: str | None = connection.execute(
        insert(connection, investigations)
        .values(
            project=project,
            cluster_id=cluster_id,
            revision=revision,
            finding_id=finding.id if finding else None,
            reason=reason,
            outdated=newest is None or revision != newest,
            finished=now,
            body=pack_model(finding) if finding else None,
        )
        .on_conflict_do_nothing()
        .returning(investigations.c.cluster_id)
    ).scalar()
    if recorded is None:
        return False
    refresh_findings(connection, project, now)
    return True


def refresh_findings(connection: Connection, project: str, now: int) -> None:
    """Bring the current findings in line with their sources; withdraw what nothing supports."""
    supported: dict[str, list[Source]] = defaultdict(list)
    for source in current_sources(connection, project):
        supported[source.finding_id].append(source)
    mine = findings.c.project == project
    listed = and_(mine, findings.c.withdrawn.is_(None))
    stored = {f.id: f.body for f in connection.execute(select(findings).where(listed))}
    gone = sorted(stored.keys() - supported.keys())
    for finding_id in gone:
        one = and_(mine, findings.c.id == finding_id)
        connection.execute(update(findings).where(one).values(withdrawn=now))
    decisions = _decisions(connection, project)
    for finding_id, sources in sorted(supported.items()):
        finding = _join(connection, project, sources, decisions.get(finding_id))
        body = pack_model(finding)
        if stored.get(finding_id) != body:
            values = {"state": finding.state.value, "withdrawn": None, "body": body}
            connection.execute(
                insert(connection, findings)
                .values(project=project, id=finding_id, **values)
                .on_conflict_do_update(index_elements=["project", "id"], set_=values)
            )


def current_sources(connection: Connection, project: str) -> Iterable[Source]:
    """The newest investigated revision of every open cluster, where it led to a finding."""
    rows = connection.execute(
        select(
            clusters.c.q_value,
            clusters.c.content_digest,
            clusters.c.id,
            investigations.c.revision,
            investigations.c.finding_id,
        )
        .join(
            investigations,
            and_(
                investigations.c.project == clusters.c.project,
                investigations.c.cluster_id == clusters.c.id,
            ),
        )
        .where(
            clusters.c.project == project,
            clusters.c.gate == GateState.OPEN.value,
            clusters.c.noise.is_(False),
            investigations.c.outdated.is_(False),
        )
        .order_by(investigations.c.revision)
    )
    newest = {row.id: row for row in rows}
    return [Source(*row) for row in newest.values() if row.finding_id is not None]


def _join(
    connection: Connection, project: str, sources: list[Source], decision: FindingState | None
) -> Finding:
    shown = min(sources)
    one = and_(
        investigations.c.project == project,
        investigations.c.cluster_id == shown.cluster_id,
        investigations.c.revision == shown.revision,
    )
    body = connection.execute(select(investigations.c.body).where(one)).scalar_one()
    changes: dict[str, Any] = {
        "source_cluster_ids": tuple(sorted(source.cluster_id for source in sources)),
        "q_value": shown.q_value,
    }
    if decision is not None:
        changes["state"] = decision
    return unpack_model(Finding, body).model_copy(update=changes)


def _decisions(connection: Connection, project: str) -> dict[str, FindingState]:
    mine = select(finding_decisions).where(finding_decisions.c.project == project)
    return {row.finding_id: FindingState(row.state) for row in connection.execute(mine)}


def set_finding_state(
    connection: Connection, project: str, finding_id: str, state: FindingState, now: int
) -> Finding:
    """A user's decision; it outlives re-investigation. `open` takes it back."""
    if state not in (*DECISIONS, FindingState.OPEN):
        raise BadRequest("a finding can be resolved, dismissed or opened again")
    lock_project(connection, project)
    if get_finding(connection, project, finding_id) is None:
        raise NotFound("no such finding")
    one = and_(finding_decisions.c.project == project, finding_decisions.c.finding_id == finding_id)
    connection.execute(delete(finding_decisions).where(one))
    if state in DECISIONS:
        connection.execute(
            finding_decisions.insert(),
            {"project": project, "finding_id": finding_id, "state": state.value, "decided": now},
        )
    refresh_findings(connection, project, now)
    finding = get_finding(connection, project, finding_id)
    assert finding is not None
    return finding


def keep_patch(
    connection: Connection, shown: Finding, patch: PromptPatch, trial: PatchTrial, now: int
) -> bool:
    """Put another patch into the investigation that a finding shows; a newer revision replaces both.

    False where that investigation is no longer the one that counts.
    """
    lock_project(connection, shown.project)
    one = and_(
        investigations.c.project == shown.project,
        investigations.c.cluster_id == shown.cluster_id,
        investigations.c.revision == shown.revision,
        investigations.c.finding_id == shown.id,
        investigations.c.outdated.is_(False),
    )
    body = connection.execute(select(investigations.c.body).where(one)).scalar()
    if body is None:
        return False
    stored = unpack_model(Finding, body)
    explanation = stored.explanation and stored.explanation.model_copy(
        update={"trial": trial, "trial_reason": None}
    )
    kept = stored.model_copy(update={"prompt_patch": patch, "explanation": explanation})
    connection.execute(update(investigations).where(one).values(body=pack_model(kept)))
    refresh_findings(connection, shown.project, now)
    return True


def get_finding(connection: Connection, project: str, finding_id: str) -> Finding | None:
    """The finding, unless it is withdrawn."""
    one = and_(
        findings.c.project == project, findings.c.id == finding_id, findings.c.withdrawn.is_(None)
    )
    body = connection.execute(select(findings.c.body).where(one)).scalar()
    return None if body is None else unpack_model(Finding, body)


def history(connection: Connection, project: str, finding_id: str) -> tuple[Investigation, ...]:
    """Every investigation that led to the finding, in the order they ended."""
    led = and_(investigations.c.project == project, investigations.c.finding_id == finding_id)
    order = (investigations.c.finished, investigations.c.cluster_id, investigations.c.revision)
    return tuple(
        Investigation(
            cluster_id=row.cluster_id,
            revision=row.revision,
            finding_id=row.finding_id,
            reason=row.reason,
            outdated=row.outdated,
        )
        for row in connection.execute(select(investigations).where(led).order_by(*order))
    )


def put_stage(
    connection: Connection,
    opening: tuple[str, str, int],
    stage: str,
    payload: BaseModel | dict[str, Any],
) -> None:
    """Keep what one step of the investigation of (project, cluster id, revision) found."""
    project, cluster_id, revision = opening
    content = payload.model_dump(mode="json") if isinstance(payload, BaseModel) else payload
    body = pack(canonical_json(content).encode())
    connection.execute(
        insert(connection, investigation_stages)
        .values(project=project, cluster_id=cluster_id, revision=revision, stage=stage, body=body)
        .on_conflict_do_update(
            index_elements=["project", "cluster_id", "revision", "stage"], set_={"body": body}
        )
    )


def load_stage(connection: Connection, opening: tuple[str, str, int], stage: str) -> str | None:
    """The JSON text that was kept."""
    project, cluster_id, revision = opening
    one = and_(
        investigation_stages.c.project == project,
        investigation_stages.c.cluster_id == cluster_id,
        investigation_stages.c.revision == revision,
        investigation_stages.c.stage == stage,
    )
    body = connection.execute(select(investigation_stages.c.body).where(one)).scalar()
    return None if body is None else unpack(body).decode()
