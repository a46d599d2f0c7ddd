"""What the aggregation reads: session rows of an agent, and cached embeddings.

In: project and agent within one transaction. Out: rows in a fixed order, vectors as bytes. Next:
`pipeline.aggregation.aggregate` computes on them.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from pipeline.model.session import SessionRow
from pipeline.store.chunks import chunked
from pipeline.store.dialect import insert
from pipeline.store.packing import pack, unpack, unpack_model
from pipeline.store.schema import agents, embeddings, session_agents, session_rows, sessions


def load_rows(
    connection: Connection, project: str, agent: str, limit: int
) -> tuple[int, tuple[SessionRow, ...]]:
    """The epoch and the rows of all sessions in which the agent acts.

    Beyond `limit` the sessions with the smallest digests are taken: a choice by chance that does not
    depend on what came first.
    """
    epochs = select(agents.c.epoch).where(agents.c.project == project, agents.c.agent == agent)
    acting = select(session_agents.c.session_ref).where(
        session_agents.c.project == project, session_agents.c.agent == agent
    )
    query = (
        select(session_rows.c.body)
        .join(sessions, sessions.c.id == session_rows.c.session_ref)
        .where(session_rows.c.session_ref.in_(acting))
        .order_by(sessions.c.digest)
        .limit(limit)
    )
    epoch = connection.execute(epochs).scalar() or 0
    bodies = connection.execute(query).scalars()
    rows = [unpack_model(SessionRow, body) for body in bodies]
    return epoch, tuple(sorted(rows, key=lambda row: row.session_id))


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
