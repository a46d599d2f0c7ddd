"""Spans move from a row each into chunks, one a commit and trace.

In: revision 0004. Out: revision 0005. What is stored already becomes one chunk a trace, in the table of
bodies; what comes from now on goes where the body store puts it. The way back needs the bodies too: it
reads the segment files beside a SQLite database, which may be removed afterwards.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from pipeline.model.trace_chunk import ChunkKeys
from pipeline.store.bodies import Place
from pipeline.store.body_choice import body_store
from pipeline.store.chunk_body import SpanGroup, join, split
from pipeline.store.chunk_keys import outline_of, pack_keys, span_keys, unpack_keys
from pipeline.store.homes import resolve
from pipeline.store.packing import digest_of, pack, unpack

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NEW_COLUMNS: dict[str, dict[str, Any]] = {
    "n_spans": {"type_": sa.Integer(), "nullable": False, "server_default": "0"},
    "n_chunks": {"type_": sa.Integer(), "nullable": False, "server_default": "0"},
    "own_session": {"type_": sa.Text(), "nullable": True},
    "own_project": {"type_": sa.Text(), "nullable": True},
    "fallback_project": {"type_": sa.Text(), "nullable": False, "server_default": ""},
    "mixed": {"type_": sa.Boolean(), "nullable": False, "server_default": sa.false()},
}


def upgrade() -> None:
    """New tables, filled from the old ones, which go."""
    for name, column in NEW_COLUMNS.items():
        op.add_column("traces", sa.Column(name, **column))
    _trace_chunks()
    _session_traces()
    op.create_table(
        "segments",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n_live", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
    )
    op.create_table(
        "chunk_bodies",
        sa.Column("id", ID, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chunk_bodies"),
    )
    op.create_table(
        "probes",
        sa.Column("id", ID, nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_probes"),
    )
    _pack_traces(op.get_bind())
    op.drop_table("spans")
    op.drop_table("contents")


def downgrade() -> None:
    """A row a span again."""
    _contents()
    _spans()
    _unpack_traces(op.get_bind())
    for table in ("probes", "chunk_bodies", "segments", "session_traces", "trace_chunks"):
        op.drop_table(table)
    for name in NEW_COLUMNS:
        op.drop_column("traces", name)


def _trace_chunks() -> None:
    op.create_table(
        "trace_chunks",
        sa.Column("trace_ref", ID, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n_spans", sa.Integer(), nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("packed_keys", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["trace_ref"], ["traces.id"], name="fk_trace_chunks_trace_ref"),
        sa.PrimaryKeyConstraint("trace_ref", "n", name="pk_trace_chunks"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trace_chunks_segment", "trace_chunks", ["segment"], unique=False)


def _session_traces() -> None:
    op.create_table(
        "session_traces",
        sa.Column("session_ref", ID, nullable=False),
        sa.Column("trace_ref", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_ref"], ["sessions.id"], name="fk_session_traces_session_ref"
        ),
        sa.ForeignKeyConstraint(["trace_ref"], ["traces.id"], name="fk_session_traces_trace_ref"),
        sa.PrimaryKeyConstraint("session_ref", "trace_ref", name="pk_session_traces"),
        sqlite_with_rowid=False,
    )


def _pack_traces(connection: sa.Connection) -> None:
    """Every trace's rows become one chunk."""
    shared = sa.text("SELECT body FROM contents WHERE digest = :digest")
    known: dict[bytes, bytes] = {}

    def content(digest: bytes) -> bytes:
        if digest not in known:
            known[digest] = unpack(connection.execute(shared, {"digest": digest}).scalar_one())
        return known[digest]

    for (ref,) in connection.execute(sa.text("SELECT id FROM traces ORDER BY id")).all():
        rows = connection.execute(_SPANS, {"ref": ref}).all()
        if rows:
            groups = [
                SpanGroup(content(r.resource), content(r.scope_info), [unpack(r.body)])
                for r in rows
            ]
            _write_chunk(connection, ref, _keys_of(rows), join(groups))
    connection.execute(
        sa.text(
            "INSERT INTO session_traces (session_ref, trace_ref)"
            " SELECT DISTINCT session_ref, trace_ref FROM spans"
        )
    )


_SPANS = sa.text("SELECT * FROM spans WHERE trace_ref = :ref ORDER BY id")


def _keys_of(rows: Any) -> ChunkKeys:
    return ChunkKeys(
        span_ids=[bytes.fromhex(row.span_id) for row in rows],
        parents=[bytes.fromhex(row.parent_id or "") for row in rows],
        starts=[row.start for row in rows],
        ends=[row.end for row in rows],
        own_sessions=[row.own_session for row in rows],
        own_projects=[row.own_project for row in rows],
        fallbacks=[row.fallback_project for row in rows],
    )


def _write_chunk(connection: sa.Connection, ref: int, keys: ChunkKeys, body: bytes) -> None:
    outline = outline_of(keys)
    n_spans = len(keys.span_ids)
    connection.execute(
        sa.text(
            "UPDATE traces SET n_spans = :n, n_chunks = 1, own_session = :session,"
            " own_project = :project, fallback_project = :fallback, mixed = :mixed WHERE id = :ref"
        ),
        {
            "n": n_spans,
            "session": outline.own_session,
            "project": outline.own_project,
            "fallback": outline.fallback,
            "mixed": outline.mixed,
            "ref": ref,
        },
    )
    inserted = sa.text("INSERT INTO chunk_bodies (body) VALUES (:body) RETURNING id")
    place = connection.execute(inserted, {"body": body}).scalar_one()
    connection.execute(
        sa.text(
            'INSERT INTO trace_chunks (trace_ref, n, n_spans, segment, "offset", length, packed_keys)'
            " VALUES (:ref, 0, :n_spans, 0, :place, :length, :keys)"
        ),
        {
            "ref": ref,
            "n_spans": n_spans,
            "place": place,
            "length": len(body),
            "keys": pack_keys(keys),
        },
    )


def _unpack_traces(connection: sa.Connection) -> None:
    """Every trace's chunks become rows; of two contents of one span the later one counts."""
    bodies = body_store(connection.engine.url)
    query = sa.text("SELECT id, trace_id FROM traces ORDER BY id")
    for ref, trace_id in connection.execute(query).all():
        chunks = connection.execute(_CHUNKS, {"ref": ref}).all()
        places = [Place(chunk.segment, chunk.offset, chunk.length) for chunk in chunks]
        rows: dict[str, dict[str, Any]] = {}
        spelt: dict[str, Any] = {}
        for chunk, body in zip(chunks, bodies.read(connection, places), strict=True):
            keys = unpack_keys(bytes(chunk.packed_keys))
            for spoken, end, content in zip(
                span_keys(trace_id, keys), keys.ends, _contents_of(body), strict=True
            ):
                spelt[spoken.span_id] = spoken
                row = spoken._asdict() | {"end": end, "trace_ref": ref} | content
                rows[spoken.span_id] = row
        homes = resolve(list(spelt.values()))
        for span_id, row in rows.items():
            row["session_ref"] = _session_ref(connection, homes[span_id])
            _write_span(connection, row)


_CHUNKS = sa.text(
    'SELECT segment, "offset", length, packed_keys FROM trace_chunks WHERE trace_ref = :ref ORDER BY n'
)


def _contents_of(body: bytes) -> Iterator[dict[str, bytes]]:
    for group in split(body):
        for span in group.spans:
            yield {"body": span, "resource": group.resource, "scope_info": group.scope_info}


def _session_ref(connection: sa.Connection, home: Any) -> int:
    found = sa.text("SELECT id FROM sessions WHERE project = :project AND session_id = :session")
    named = {"project": home.project, "session": home.session_id}
    return connection.execute(found, named).scalar_one()


def _write_span(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    content = sa.text(
        "INSERT INTO contents (digest, body) VALUES (:digest, :body) ON CONFLICT DO NOTHING"
    )
    parts = {name: row[name] for name in ("resource", "scope_info")}
    for part in parts.values():
        connection.execute(content, {"digest": digest_of(part), "body": pack(part)})
    values = {
        **row,
        **{name: digest_of(part) for name, part in parts.items()},
        "digest": digest_of(row["body"], *parts.values()),
        "body": pack(row["body"]),
    }
    connection.execute(_INSERT_SPAN, values)


_INSERT_SPAN = sa.text(
    'INSERT INTO spans (trace_ref, span_id, parent_id, start, "end", own_session, own_project,'
    " fallback_project, session_ref, digest, resource, scope_info, body)"
    " VALUES (:trace_ref, :span_id, :parent_id, :start, :end, :own_session, :own_project,"
    " :fallback_project, :session_ref, :digest, :resource, :scope_info, :body)"
)


def _contents() -> None:
    op.create_table(
        "contents",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_contents"),
    )


def _spans() -> None:
    op.create_table(
        "spans",
        sa.Column("id", ID, nullable=False),
        sa.Column("trace_ref", ID, nullable=False),
        sa.Column("span_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("own_session", sa.Text(), nullable=True),
        sa.Column("own_project", sa.Text(), nullable=True),
        sa.Column("fallback_project", sa.Text(), nullable=False),
        sa.Column("session_ref", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("resource", sa.LargeBinary(), nullable=False),
        sa.Column("scope_info", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["session_ref"], ["sessions.id"], name="fk_spans_session_ref"),
        sa.ForeignKeyConstraint(["trace_ref"], ["traces.id"], name="fk_spans_trace_ref"),
        sa.PrimaryKeyConstraint("id", name="pk_spans"),
    )
    op.create_index("ix_spans_session_ref", "spans", ["session_ref"], unique=False)
    op.create_index("uq_spans_trace_ref_span_id", "spans", ["trace_ref", "span_id"], unique=True)
