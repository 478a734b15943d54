"""What people paid themselves for tools and claim back."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("request_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vendor", sa.String(length=80), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rate_nanos", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", storage.tables.Instant(timezone=True)),
        sa.Column("paid_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_claims"),
    )
    op.create_index("ix_claims_paid_at", "claims", ["paid_at"])


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
