"""The first schema.

In: an empty database. Out: revision 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Build every table."""
    _build_ingest()
    _build_sessions()
    _build_aggregation()
    _build_investigations()
    _build_findings()


def downgrade() -> None:
    """Drop every table."""
    for table in TABLES:
        op.drop_table(table)


def _build_ingest() -> None:
    """What comes in."""
    _contents()
    _traces()
    _sessions()
    _spans()
    _signals()


def _contents() -> None:
    op.create_table(
        "contents",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_contents"),
    )


def _traces() -> None:
    op.create_table(
        "traces",
        sa.Column("id", ID, nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("n_session_ids", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_traces"),
    )
    op.create_index("uq_traces_trace_id_scope", "traces", ["trace_id", "scope"], unique=True)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("analysed_version", sa.BigInteger(), nullable=False),
        sa.Column("n_spans", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("agents", sa.Text(), nullable=False),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("nudged", sa.Boolean(), nullable=False),
        sa.Column("nudged_at", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("dirty_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index(
        "ix_sessions_dirty_since",
        "sessions",
        ["dirty_since"],
        unique=False,
        sqlite_where=sa.text("dirty_since IS NOT NULL"),
        postgresql_where=sa.text("dirty_since IS NOT NULL"),
    )
    op.create_index("ix_sessions_project_id", "sessions", ["project", "id"], unique=False)
    op.create_index("uq_sessions_digest_project", "sessions", ["digest", "project"], unique=True)


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


def _signals() -> None:
    op.create_table(
        "signals",
        sa.Column("id", ID, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("session_ref", ID, nullable=True),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session_ref"], ["sessions.id"], name="fk_signals_session_ref"),
        sa.PrimaryKeyConstraint("id", name="pk_signals"),
    )
    op.create_index("ix_signals_session_id", "signals", ["session_id"], unique=False)
    op.create_index("ix_signals_session_ref", "signals", ["session_ref"], unique=False)
    op.create_index("ix_signals_trace_id", "signals", ["trace_id"], unique=False)
    op.create_index("uq_signals_project_identity", "signals", ["project", "identity"], unique=True)


def _build_sessions() -> None:
    """What the stages make of one session."""
    op.create_table(
        "stage_results",
        sa.Column("session_ref", ID, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_ref"], ["sessions.id"], name="fk_stage_results_session_ref"
        ),
        sa.PrimaryKeyConstraint("session_ref", "stage", name="pk_stage_results"),
    )
    op.create_table(
        "session_rows",
        sa.Column("session_ref", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_ref"], ["sessions.id"], name="fk_session_rows_session_ref"
        ),
        sa.PrimaryKeyConstraint("session_ref", name="pk_session_rows"),
    )
    op.create_table(
        "session_agents",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("session_ref", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_ref"], ["sessions.id"], name="fk_session_agents_session_ref"
        ),
        sa.PrimaryKeyConstraint("project", "agent", "session_ref", name="pk_session_agents"),
    )
    op.create_index(
        "ix_session_agents_session_ref", "session_agents", ["session_ref"], unique=False
    )


def _build_aggregation() -> None:
    """Agents and their clusters."""
    _agents()
    _embeddings()
    _clusters()
    _cluster_revisions()
    _cluster_members()


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("aggregated_epoch", sa.BigInteger(), nullable=False),
        sa.Column("clusters_epoch", sa.BigInteger(), nullable=False),
        sa.Column("clusters_engine", sa.Text(), nullable=False),
        sa.Column("n_sessions_at_last", sa.Integer(), nullable=False),
        sa.Column("nudged", sa.Boolean(), nullable=False),
        sa.Column("orphaned", sa.Boolean(), nullable=False),
        sa.Column("nudged_at", sa.BigInteger(), nullable=False),
        sa.Column("last_changed", sa.BigInteger(), nullable=False),
        sa.Column("dirty_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("project", "agent", name="pk_agents"),
    )


def _embeddings() -> None:
    op.create_table(
        "embeddings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_embeddings"),
    )


def _clusters() -> None:
    op.create_table(
        "clusters",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("noise", sa.Boolean(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("q_value", sa.Float(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "id", name="pk_clusters"),
    )
    op.create_index("ix_clusters_project_agent", "clusters", ["project", "agent"], unique=False)


def _cluster_revisions() -> None:
    op.create_table(
        "cluster_revisions",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project", "cluster_id", name="pk_cluster_revisions"),
    )


def _cluster_members() -> None:
    op.create_table(
        "cluster_members",
        sa.Column("session_ref", ID, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_ref"], ["sessions.id"], name="fk_cluster_members_session_ref"
        ),
        sa.PrimaryKeyConstraint("session_ref", "project", "cluster_id", name="pk_cluster_members"),
    )
    op.create_index(
        "ix_cluster_members_project_cluster_id",
        "cluster_members",
        ["project", "cluster_id"],
        unique=False,
    )


def _build_investigations() -> None:
    """What the investigations ended with."""
    op.create_table(
        "investigation_stages",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project", "cluster_id", "revision", "stage", name="pk_investigation_stages"
        ),
    )
    op.create_table(
        "investigations",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outdated", sa.Boolean(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("project", "cluster_id", "revision", name="pk_investigations"),
    )
    op.create_index(
        "ix_investigations_project_finding_id",
        "investigations",
        ["project", "finding_id"],
        unique=False,
    )


def _build_findings() -> None:
    """What they add up to."""
    op.create_table(
        "findings",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "id", name="pk_findings"),
    )
    op.create_table(
        "finding_decisions",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "finding_id", name="pk_finding_decisions"),
    )


TABLES = (
    "finding_decisions",
    "findings",
    "investigations",
    "investigation_stages",
    "cluster_members",
    "cluster_revisions",
    "clusters",
    "embeddings",
    "agents",
    "session_agents",
    "session_rows",
    "stage_results",
    "signals",
    "spans",
    "sessions",
    "traces",
    "contents",
)
