"""One agent's clusters, replaced as a whole, and the project's gate over all of them.

In: what an aggregation computed at one epoch, and the pure gate. Out: the cluster revisions that
await an investigation. Next: InvestigateIssueWorkflow, one an `Opening`.

A revision belongs to a content: it rises where `content_digest` changed, and never goes back, also
when a cluster vanishes and comes again.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, select, update

from pipeline.errors import NotFound
from pipeline.model.answers import Opening, ReplaceResult
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.session import session_digest
from pipeline.store.analysis import fence
from pipeline.store.chunks import chunked
from pipeline.store.dialect import insert, lock_project
from pipeline.store.findings import refresh_findings
from pipeline.store.name_keys import SESSIONS
from pipeline.store.packing import pack_model, unpack_model
from pipeline.store.schema import (
    agents,
    cluster_members,
    cluster_revisions,
    clusters,
    investigations,
    sessions,
)

Regate = Callable[[Sequence[Cluster]], Sequence[Cluster]]
"""All clusters of a project -> the same with q-values and gate states."""


def replace_clusters(
    connection: Connection,
    owner: tuple[str, str],
    at: tuple[int, str],
    fresh: Sequence[Cluster],
    regate: Regate,
    now: int,
) -> ReplaceResult:
    """`owner` is (project, agent), `at` (epoch, engine version)."""
    project, agent = owner
    lock_project(connection, project)
    if not _take_turn(connection, owner, at):
        return ReplaceResult(accepted=False, openings=open_investigations(connection, project))
    mine = and_(clusters.c.project == project, clusters.c.agent == agent)
    present = set(connection.execute(select(clusters.c.id).where(mine)).scalars())
    connection.execute(delete(clusters).where(mine))
    ordered = sorted(fresh, key=lambda cluster: cluster.id)
    revised = _revise(connection, project, ordered, present)
    others = [unpack_model(Cluster, body) for body in _bodies(connection, project)]
    known = {cluster.id: cluster for cluster in others}
    gated = regate(sorted([*others, *revised], key=lambda cluster: cluster.id))
    _write(connection, [c for c in gated if c.id not in known])
    for cluster in gated:
        if cluster.id in known and cluster != known[cluster.id]:
            _update(connection, cluster)
    _replace_members(connection, project, revised)
    refresh_findings(connection, project, now)
    return ReplaceResult(accepted=True, openings=open_investigations(connection, project))


def _take_turn(connection: Connection, owner: tuple[str, str], at: tuple[int, str]) -> bool:
    one = and_(agents.c.project == owner[0], agents.c.agent == owner[1])
    row = connection.execute(select(agents).where(one).with_for_update()).first()
    if row is None:
        raise NotFound("no such agent")
    if fence(*at) < fence(row.clusters_epoch, row.clusters_engine):
        return False
    connection.execute(
        update(agents).where(one).values(clusters_epoch=at[0], clusters_engine=at[1])
    )
    return True


def _bodies(connection: Connection, project: str) -> Sequence[bytes]:
    bodies = select(clusters.c.body).where(clusters.c.project == project).order_by(clusters.c.id)
    return connection.execute(bodies).scalars().all()


def _revise(
    connection: Connection, project: str, fresh: Sequence[Cluster], present: Set[str]
) -> list[Cluster]:
    """A revision rises with the content, and when a cluster comes back: the investigation of the
    revision that went away may have ended for that very reason."""
    last = _last_revisions(connection, project, [cluster.id for cluster in fresh])
    revised: list[Cluster] = []
    for cluster in fresh:
        revision, digest = last.get(cluster.id, (0, None))
        if digest != cluster.content_digest or cluster.id not in present:
            revision += 1
            _note_revision(connection, cluster, revision)
        revised.append(cluster.model_copy(update={"revision": revision}))
    return revised


def _last_revisions(
    connection: Connection, project: str, ids: Sequence[str]
) -> Mapping[str, tuple[int, str]]:
    last: dict[str, tuple[int, str]] = {}
    for piece in chunked(ids):
        noted = and_(
            cluster_revisions.c.project == project, cluster_revisions.c.cluster_id.in_(piece)
        )
        for row in connection.execute(select(cluster_revisions).where(noted)):
            last[row.cluster_id] = (row.revision, row.content_digest)
    return last


def _note_revision(connection: Connection, cluster: Cluster, revision: int) -> None:
    values = {"revision": revision, "content_digest": cluster.content_digest}
    connection.execute(
        insert(connection, cluster_revisions)
        .values(project=cluster.project, cluster_id=cluster.id, **values)
        .on_conflict_do_update(index_elements=["project", "cluster_id"], set_=values)
    )


def _row(cluster: Cluster) -> dict[str, Any]:
    return {
        "project": cluster.project,
        "id": cluster.id,
        "agent": cluster.agent,
        "revision": cluster.revision,
        "content_digest": cluster.content_digest,
        "noise": cluster.noise,
        "gate": cluster.gate.value,
        "q_value": cluster.q_value,
        "body": pack_model(cluster),
    }


def _write(connection: Connection, fresh: Sequence[Cluster]) -> None:
    if fresh:
        connection.execute(clusters.insert(), [_row(cluster) for cluster in fresh])


def _update(connection: Connection, cluster: Cluster) -> None:
    one = and_(clusters.c.project == cluster.project, clusters.c.id == cluster.id)
    connection.execute(update(clusters).where(one).values(**_row(cluster)))


def _replace_members(connection: Connection, project: str, revised: Sequence[Cluster]) -> None:
    known = select(clusters.c.id).where(clusters.c.project == project)
    orphaned = and_(
        cluster_members.c.project == project, cluster_members.c.cluster_id.not_in(known)
    )
    connection.execute(delete(cluster_members).where(orphaned))
    for cluster in revised:
        mine = and_(
            cluster_members.c.project == project, cluster_members.c.cluster_id == cluster.id
        )
        connection.execute(delete(cluster_members).where(mine))
        refs = _refs_of(connection, project, cluster.session_ids)
        if refs:
            connection.execute(
                cluster_members.insert(),
                [{"session_ref": r, "project": project, "cluster_id": cluster.id} for r in refs],
            )


def _refs_of(connection: Connection, project: str, session_ids: Sequence[str]) -> list[int]:
    refs: list[int] = []
    for piece in chunked(sorted({session_digest(session_id) for session_id in session_ids})):
        named = and_(SESSIONS.has(connection, piece), sessions.c.project == project)
        refs.extend(connection.execute(select(sessions.c.id).where(named)).scalars())
    return refs


def open_investigations(connection: Connection, project: str) -> tuple[Opening, ...]:
    """Clusters that are gated open and have no result for their revision."""
    answered = exists().where(
        investigations.c.project == clusters.c.project,
        investigations.c.cluster_id == clusters.c.id,
        investigations.c.revision == clusters.c.revision,
    )
    rows = connection.execute(
        select(clusters.c.id, clusters.c.revision)
        .where(
            clusters.c.project == project,
            clusters.c.gate == GateState.OPEN.value,
            clusters.c.noise.is_(False),
            ~answered,
        )
        .order_by(clusters.c.id)
    )
    return tuple(Opening(cluster_id=cluster_id, revision=revision) for cluster_id, revision in rows)


def load_cluster(connection: Connection, project: str, cluster_id: str) -> Cluster | None:
    """The cluster as it stands now."""
    one = and_(clusters.c.project == project, clusters.c.id == cluster_id)
    body = connection.execute(select(clusters.c.body).where(one)).scalar()
    return None if body is None else unpack_model(Cluster, body)
