"""What programs say of themselves, and what keeps it from being counted twice."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

_AMOUNTS = (
    "tokens_input",
    "tokens_cache_read",
    "tokens_cache_write_5m",
    "tokens_cache_write_1h",
    "tokens_output",
    "tokens_reasoning",
    "requests",
)
_WORDS = ("skill", "subagent", "mcp_server", "source", "effort")
_KEY = ("program", "hour", "resource", "subject", "model", "tier", *_WORDS)


def upgrade() -> None:
    op.create_table(
        "telemetry",
        sa.Column("program", sa.String(length=64), nullable=False),
        sa.Column("hour", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("resource", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        *(sa.Column(name, sa.String(length=64), nullable=False) for name in _WORDS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _AMOUNTS),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_telemetry"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_telemetry_program_resource_subject_hour", "telemetry", ["program", "resource", "subject", "hour"]
    )
    op.create_table(
        "telemetry_seen",
        sa.Column("hour", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("stream", sa.BigInteger(), nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "stream", name="pk_telemetry_seen"),
    )
    op.create_table(
        "telemetry_counters",
        sa.Column("series", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_telemetry_counters"),
    )
    op.create_index("ix_telemetry_counters_seen_on", "telemetry_counters", ["seen_on"])
    op.create_table(
        "reported_days",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("told_at", storage.tables.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "day", name="pk_reported_days"),
    )


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
