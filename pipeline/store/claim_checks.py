"""Payloads that stand in workflow histories as a digest, and in the store as a whole.

In: bytes and the workflow that owns them. Out: their SHA-256, and later the bytes. Next: Temporal's
external storage (`pipeline.llm.claims`); retention removes what belongs to a removed session.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from pipeline.errors import NotFound
from pipeline.store.dialect import insert
from pipeline.store.model_schema import claim_checks
from pipeline.store.packing import pack, unpack


def put_claims(
    connection: Connection, owner: str, bodies: Sequence[bytes], now: int
) -> tuple[str, ...]:
    """Keep them; the same bytes of one owner are kept once."""
    digests = tuple(hashlib.sha256(body).hexdigest() for body in bodies)
    rows = [
        {"digest": digest, "owner": owner, "created": now, "body": pack(body)}
        for digest, body in dict(zip(digests, bodies, strict=True)).items()
    ]
    if rows:
        connection.execute(insert(connection, claim_checks).on_conflict_do_nothing(), rows)
    return digests


def load_claims(connection: Connection, owner: str, digests: Sequence[str]) -> tuple[bytes, ...]:
    """The bytes in the order of their digests; raises `NotFound` for one that is gone."""
    mine = claim_checks.c.owner == owner
    chosen = select(claim_checks.c.digest, claim_checks.c.body)
    rows = connection.execute(chosen.where(mine, claim_checks.c.digest.in_(set(digests))))
    found = {digest: unpack(body) for digest, body in rows}
    missing = [digest for digest in digests if digest not in found]
    if missing:
        raise NotFound(f"a payload of {owner} is gone: {missing[0]}")
    return tuple(found[digest] for digest in digests)


def drop_claims(connection: Connection, owner: str) -> int:
    """Remove what an owner kept; the number of payloads."""
    return connection.execute(delete(claim_checks).where(claim_checks.c.owner == owner)).rowcount
