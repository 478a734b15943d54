"""What providers tell by the hour beside their days, and how far they told it."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hours",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("hour", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("sub_account", sa.String(length=255), nullable=False),
        sa.Column("resource", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("tokens_input", sa.BigInteger(), nullable=False),
        sa.Column("tokens_output", sa.BigInteger(), nullable=False),
        sa.Column("tokens_unpriced", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "provider", "hour", "sub_account", "resource", "subject", name="pk_hours"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hours_account_id_day", "hours", ["account_id", "day"])
    op.create_index("ix_hours_day", "hours", ["day"])
    op.add_column("pulls", sa.Column("hours_read_at", storage.tables.Instant(timezone=True), nullable=True))
    op.add_column("pulls", sa.Column("hours_until", storage.tables.Instant(timezone=True), nullable=True))
    op.add_column("pulls", sa.Column("hours_late_seconds", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
