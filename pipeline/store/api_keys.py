"""API keys: kept as hashes, revoked for ever.

In: `ApiKey`s within one transaction. Out: all of them, oldest first. Next: `exporter.keys` caches them.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, RowMapping, case, insert, select, update

from pipeline.errors import NotFound
from pipeline.model.api_key import ApiKey
from pipeline.store.schema_keys import api_keys
from pipeline.store.times import from_micros, to_micros


def add(connection: Connection, key: ApiKey) -> None:
    """Keep a new key."""
    projects = None if key.projects is None else json.dumps(key.projects)
    connection.execute(
        insert(api_keys).values(
            id=key.id,
            name=key.name,
            digest=key.digest,
            secret=key.secret,
            projects=projects,
            tenant=key.tenant,
            created=to_micros(key.created),
        )
    )


def load(connection: Connection) -> tuple[ApiKey, ...]:
    """Every key there ever was."""
    query = select(api_keys).order_by(api_keys.c.created, api_keys.c.id)
    return tuple(_key(row) for row in connection.execute(query).mappings())


def revoke(connection: Connection, key_id: str, now: int) -> None:
    """From now on it admits nobody; raises `NotFound`. Revoking again changes nothing."""
    done = connection.execute(
        update(api_keys)
        .where(api_keys.c.id == key_id)
        .values(revoked=case((api_keys.c.revoked.is_(None), now), else_=api_keys.c.revoked))
    )
    if not done.rowcount:
        raise NotFound("no such key: `kelet-sidecar keys list` shows the ids")


def note_use(connection: Connection, key_ids: Iterable[str], now: int) -> None:
    """They were used just now."""
    connection.execute(
        update(api_keys).where(api_keys.c.id.in_(sorted(key_ids))).values(last_used=now)
    )


def _key(row: RowMapping) -> ApiKey:
    values: dict[str, Any] = dict(row)
    projects = values.pop("projects")
    for name in ("created", "revoked", "last_used"):
        values[name] = None if values[name] is None else from_micros(values[name])
    return ApiKey(projects=None if projects is None else tuple(json.loads(projects)), **values)
