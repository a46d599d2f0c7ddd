"""PostgreSQL: bodies share frames, and nobody looks for chunks by their segment.

In: revision 0010. Out: revision 0011. What is stored stays as it is, a frame a body; the way back gives every
body a frame of its own again. The index went: hardly two segments stood in it, and it cost every chunk an entry.

A column of chunks gets another name. A process of an older release that still runs would remove spans and leave
their text in the frame; it cannot look for any without that column.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from pipeline.store.compression import Packer, unpacked

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEX = "ix_trace_chunks_segment"
ALONE, SHARED = -1, -2
ROOM_BITS = 18
PIECE_BYTES = 8000


def upgrade() -> None:
    """SQLite looks for the chunks of a segment that is written anew, and keeps the index."""
    op.execute("ALTER TABLE trace_chunks RENAME COLUMN packed_keys TO span_keys")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index(INDEX, "trace_chunks")


def downgrade() -> None:
    """A frame at a time. What was removed of one is not referred to, and goes with it."""
    op.execute("ALTER TABLE trace_chunks RENAME COLUMN span_keys TO packed_keys")
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    packer = Packer()
    chunks = sa.text(
        'SELECT trace_ref, n, "offset", length FROM trace_chunks WHERE segment = :shared ORDER BY "offset"'
    ).execution_options(yield_per=1000)
    found = connection.execute(chunks, {"shared": SHARED})
    for frame, sharing in groupby(found, lambda chunk: chunk.offset >> ROOM_BITS):
        _part(connection, packer, frame, list(sharing))
    op.create_index(INDEX, "trace_chunks", ["segment"])


def _part(connection: sa.Connection, packer: Packer, frame: int, chunks: Sequence[Any]) -> None:
    """Give each of the chunks a frame of its own in place of the one that they share."""
    pieces = sa.text("SELECT piece FROM body_pieces WHERE id = :id ORDER BY n")
    ids = sa.text(
        "SELECT nextval(pg_get_serial_sequence('chunk_bodies', 'id')) FROM generate_series(1, :n)"
    )
    insert = sa.text("INSERT INTO body_pieces (id, n, piece) VALUES (:id, :n, :piece)")
    move = sa.text(
        'UPDATE trace_chunks SET segment = :alone, "offset" = :id WHERE trace_ref = :trace_ref AND n = :n'
    )
    whole = unpacked(b"".join(map(bytes, connection.execute(pieces, {"id": frame}).scalars())))
    own = connection.execute(ids, {"n": len(chunks)}).scalars().all()
    for ref, chunk in zip(own, chunks, strict=True):
        start = chunk.offset & ((1 << ROOM_BITS) - 1)
        packed = packer.pack([whole[start : start + chunk.length]])
        cuts = range(0, len(packed), PIECE_BYTES)
        rows = [
            {"id": ref, "n": n, "piece": packed[at : at + PIECE_BYTES]} for n, at in enumerate(cuts)
        ]
        connection.execute(insert, rows)
        values = {"alone": ALONE, "id": ref, "trace_ref": chunk.trace_ref, "n": chunk.n}
        connection.execute(move, values)
    connection.execute(sa.text("DELETE FROM body_pieces WHERE id = :id"), {"id": frame})
