"""Bodies and frames for the tests of what PostgreSQL keeps.

In: an engine. Out: places of stored bodies, what is kept of them. Next: `test_shared_frames`,
`test_frames_removal`.
"""

import os

from sqlalchemy import Connection, Engine, select

from pipeline.store.bodies import BodyMoved, Place
from pipeline.store.compression import unpacked
from pipeline.store.piece_bodies import PieceBodies
from pipeline.store.schema import body_pieces

SMALL = [b"\n" + b"canary-%d " % n * 50 for n in range(9)]


def random_body(n_bytes: int) -> bytes:
    """One that does not become smaller."""
    return b"\n" + os.urandom(n_bytes - 1)


def stored(engine: Engine, bodies: list[bytes]) -> list[Place]:
    """Places of bodies that one transaction committed."""
    with engine.begin() as connection:
        return PieceBodies().append(connection, [(body,) for body in bodies])


def remove(engine: Engine, *places: Place) -> None:
    """In a transaction, by a process of its own."""
    with engine.begin() as connection:
        PieceBodies().delete(connection, places)


def read(connection: Connection, *places: Place) -> list[bytes]:
    """Their bodies."""
    return list(PieceBodies().read(connection, places))


def is_gone(connection: Connection, place: Place) -> bool:
    """Whether nobody can read it."""
    try:
        read(connection, place)
    except BodyMoved:
        return True
    return False


def frames_of(engine: Engine) -> dict[int, list[bytes]]:
    """The pieces of every frame."""
    found: dict[int, list[bytes]] = {}
    query = select(body_pieces.c.id, body_pieces.c.piece)
    with engine.connect() as connection:
        for ref, piece in connection.execute(query.order_by(body_pieces.c.id, body_pieces.c.n)):
            found.setdefault(ref, []).append(bytes(piece))
    return found


def sizes(engine: Engine) -> dict[int, list[int]]:
    """How many bytes they have."""
    return {ref: list(map(len, pieces)) for ref, pieces in frames_of(engine).items()}


def all_text(engine: Engine) -> bytes:
    """Whatever is kept of all bodies."""
    return b"".join(unpacked(b"".join(pieces)) for pieces in frames_of(engine).values())
