"""Exceptions to budgets, and shares that are given out of what is free in a pool."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exceptions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("budget", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=False),
        sa.Column("approved_at", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("ended_at", storage.tables.Instant(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=False),
        sa.Column("ended_note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exceptions"),
        sa.UniqueConstraint("request_id", name="uq_exceptions_request_id"),
    )
    op.create_index("ix_exceptions_account_id", "exceptions", ["account_id"])
    op.create_index("ix_exceptions_ended_at", "exceptions", ["ended_at"])
    op.add_column("requests", sa.Column("kind", sa.String(length=16), server_default="", nullable=False))
    op.add_column("requests", sa.Column("given", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("requests", sa.Column("share_base", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
