"""The tables, as SQLAlchemy Core.

In: nothing. Out: `metadata` and one object a table. Next: `migrations` builds them, the other
modules of this folder read and write them.

Times are integer microseconds since 1970 on the store's clock (span times: nanoseconds, as sent).
Texts that others must parse are JSON in `body`, packed by `packing`. A `*_ref` is the `id` of a row.
Wide columns stand last, so that reading the narrow ones does not touch them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only in a column declared INTEGER."""

ON_POSTGRESQL = {"dialect": "postgresql"}
"""Indexes over names; SQLite has `name_keys`."""
ON_SQLITE = {"dialect": "sqlite"}
"""Only there bodies lie in segments that are written anew."""

traces = Table(
    "traces",
    metadata,
    Column("id", Id, primary_key=True),
    Column("trace_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("n_session_ids", Integer, nullable=False),
    Column("n_spans", Integer, nullable=False),
    Column("n_chunks", Integer, nullable=False),
    Column("own_session", Text),
    Column("own_project", Text),
    Column("fallback_project", Text, nullable=False),
    Column("mixed", Boolean, nullable=False),
    Index("uq_traces_trace_id_scope", "trace_id", "scope", unique=True, info=ON_POSTGRESQL),
)
"""What its spans have in common says where all of them belong, unless the trace is `mixed`."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("analysed_version", BigInteger, nullable=False),
    Column("n_spans", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("agents", Text, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column("nudged", Boolean, nullable=False),
    Column("nudged_at", BigInteger, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("dirty_since", BigInteger),
    Index("uq_sessions_digest_project", "digest", "project", unique=True, info=ON_POSTGRESQL),
    Index("ix_sessions_project_id", "project", "id"),
    Index(
        "ix_sessions_dirty_since",
        "dirty_since",
        sqlite_where=text("dirty_since IS NOT NULL"),
        postgresql_where=text("dirty_since IS NOT NULL"),
    ),
)
"""`dirty_since` is the time of the first change that is not analysed; NULL when all is."""

trace_chunks = Table(
    "trace_chunks",
    metadata,
    Column("trace_ref", Id, ForeignKey("traces.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("n_spans", Integer, nullable=False),
    Column("segment", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("span_keys", LargeBinary, nullable=False),
    Index("ix_trace_chunks_segment", "segment", info=ON_SQLITE),
    sqlite_with_rowid=False,
)
"""What one commit brought of one trace. Of two contents of one span the one in the later chunk counts."""

segments = Table(
    "segment_files",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("n_live", BigInteger, nullable=False),
)
"""Files of bodies, and how many of their bytes chunks refer to. Empty on PostgreSQL."""

chunk_bodies = Table(
    "chunk_bodies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""Bodies of chunks where they do not lie in files: segment 0, the offset is the id."""

body_pieces = Table(
    "body_pieces",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("n", SmallInteger, primary_key=True, autoincrement=False),
    Column("piece", LargeBinary, nullable=False),
)
"""Frames of compressed bodies on PostgreSQL, each piece small enough for a page. Segment -2: the offset says which
frame, and where in it the body begins (`frames`). Segment -1: the body has a frame alone, the offset is its id."""

session_traces = Table(
    "session_traces",
    metadata,
    Column("session_ref", Id, ForeignKey("sessions.id"), primary_key=True),
    Column("trace_ref", Id, ForeignKey("traces.id"), primary_key=True),
    sqlite_with_rowid=False,
)
"""Which traces a session has spans in."""

probes = Table(
    "probes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("written", BigInteger, nullable=False),
)
"""One row, written to see whether the database can be."""

LOOSE = "via <> 'session'"
"""Signals that found their session by a trace, or wait: they may follow spans that come."""

signals = Table(
    "signals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("session_id", Text),
    Column("trace_id", Text),
    Column("session_ref", Id, ForeignKey("sessions.id")),
    Column("via", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("uq_signals_project_identity", "project", "identity", unique=True),
    Index("ix_signals_session_ref", "session_ref"),
    Index("ix_signals_session_id", "session_id"),
    Index("ix_signals_trace_id", "trace_id"),
    Index("ix_signals_loose", "id", sqlite_where=text(LOOSE), postgresql_where=text(LOOSE)),
)
"""`via` says how the signal found its session: `session`, `trace`, or `none` while it waits."""

stage_results = Table(
    "stage_results",
    metadata,
    Column("session_ref", Id, ForeignKey("sessions.id"), primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

session_rows = Table(
    "session_rows",
    metadata,
    Column("session_ref", Id, ForeignKey("sessions.id"), primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

session_agents = Table(
    "session_agents",
    metadata,
    Column("project", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("session_ref", Id, ForeignKey("sessions.id"), primary_key=True),
    Index("ix_session_agents_session_ref", "session_ref"),
)

agents = Table(
    "agents",
    metadata,
    Column("project", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("aggregated_epoch", BigInteger, nullable=False),
    Column("clusters_epoch", BigInteger, nullable=False),
    Column("clusters_engine", Text, nullable=False),
    Column("n_sessions_at_last", Integer, nullable=False),
    Column("nudged", Boolean, nullable=False),
    Column("orphaned", Boolean, nullable=False),
    Column("nudged_at", BigInteger, nullable=False),
    Column("last_changed", BigInteger, nullable=False),
    Column("dirty_since", BigInteger),
)
"""`orphaned`: its epoch rose by a retraction, so no session of its own will nudge it."""

embeddings = Table(
    "embeddings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

clusters = Table(
    "clusters",
    metadata,
    Column("project", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_digest", Text, nullable=False),
    Column("noise", Boolean, nullable=False),
    Column("gate", Text, nullable=False),
    Column("q_value", Float, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_clusters_project_agent", "project", "agent"),
)

cluster_revisions = Table(
    "cluster_revisions",
    metadata,
    Column("project", Text, primary_key=True),
    Column("cluster_id", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("content_digest", Text, nullable=False),
)
"""The newest revision each cluster id ever had; outlives the cluster, so revisions never go back."""

cluster_members = Table(
    "cluster_members",
    metadata,
    Column("session_ref", Id, ForeignKey("sessions.id"), primary_key=True),
    Column("project", Text, primary_key=True),
    Column("cluster_id", Text, primary_key=True),
    Index("ix_cluster_members_project_cluster_id", "project", "cluster_id"),
)

investigation_stages = Table(
    "investigation_stages",
    metadata,
    Column("project", Text, primary_key=True),
    Column("cluster_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

investigations = Table(
    "investigations",
    metadata,
    Column("project", Text, primary_key=True),
    Column("cluster_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("finding_id", Text),
    Column("reason", Text, nullable=False),
    Column("outdated", Boolean, nullable=False),
    Column("finished", BigInteger, nullable=False),
    Column("body", LargeBinary),
    Index("ix_investigations_project_finding_id", "project", "finding_id"),
)
"""What every investigation ended with, for ever: the history of the findings."""

findings = Table(
    "findings",
    metadata,
    Column("project", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("withdrawn", BigInteger),
    Column("body", LargeBinary, nullable=False),
)
"""What the investigations of the clusters that are open now add up to; a withdrawn one has a time."""

finding_decisions = Table(
    "finding_decisions",
    metadata,
    Column("project", Text, primary_key=True),
    Column("finding_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("decided", BigInteger, nullable=False),
)
