"""Credit that was paid ahead at providers."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prepaid",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("left_nanos", sa.BigInteger(), nullable=False),
        sa.Column("granted_nanos", sa.BigInteger(), nullable=False),
        sa.Column("since", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("read_at", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("told", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("provider", "currency", name="pk_prepaid"),
    )
    op.create_table(
        "prepaid_days",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used_nanos", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "currency", "day", name="pk_prepaid_days"),
    )
