"""What the aggregation reads: session rows of an agent, and cached embeddings.

In: project and agent within one transaction. Out: rows in a fixed order, vectors as bytes. Next:
`pipeline.aggregation.aggregate` computes on them.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select

from pipeline.model.session import SessionRow
from pipeline.store.chunks import chunked
from pipeline.store.dialect import insert
from pipeline.store.packing import pack, unpack, unpack_model
from pipeline.store.schema import agents, embeddings, session_agents, session_rows, sessions


def load_rows(
    connection: Connection, project: str, agent: str | None, limit: int
) -> tuple[int, tuple[SessionRow, ...]]:
    """The epoch and the rows of all sessions in which the agent acts (None: of all sessions).

    Beyond `limit` the sessions with the smallest digests are taken: a choice by chance that does not
    depend on what came first.
    """
    epochs = select(func.coalesce(func.sum(agents.c.epoch), 0)).where(agents.c.project == project)
    query = (
        select(session_rows.c.body)
        .join(sessions, sessions.c.id == session_rows.c.session_ref)
        .where(sessions.c.project == project)
    )
    if agent is not None:
        epochs = epochs.where(agents.c.agent == agent)
        acting = select(session_agents.c.session_ref).where(
            session_agents.c.project == project, session_agents.c.agent == agent
        )
        query = query.where(session_rows.c.session_ref.in_(acting))
    epoch: int = connection.execute(epochs).scalar_one()
    bodies = connection.execute(query.order_by(sessions.c.digest).limit(limit)).scalars()
    rows = [unpack_model(SessionRow, body) for body in bodies]
    return int(epoch), tuple(sorted(rows, key=lambda row: row.session_id))


def load_embeddings(connection: Connection, keys: Sequence[str]) -> dict[str, bytes]:
    """The cached vectors among these."""
    found: dict[str, bytes] = {}
    for piece in chunked(sorted(set(keys))):
        cached = select(embeddings.c.key, embeddings.c.body).where(embeddings.c.key.in_(piece))
        found.update((key, unpack(body)) for key, body in connection.execute(cached))
    return found


def put_embeddings(connection: Connection, items: Mapping[str, bytes]) -> None:
    """Cache vectors; a key names its content, so what is there stays."""
    if items:
        connection.execute(
            insert(connection, embeddings).on_conflict_do_nothing(),
            [{"key": key, "body": pack(body)} for key, body in sorted(items.items())],
        )
