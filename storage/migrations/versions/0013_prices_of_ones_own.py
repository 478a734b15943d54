"""What finance says that models cost."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("input_nanos", sa.BigInteger(), nullable=True),
        sa.Column("cache_read_nanos", sa.BigInteger(), nullable=True),
        sa.Column("cache_write_nanos", sa.BigInteger(), nullable=True),
        sa.Column("cache_write_1h_nanos", sa.BigInteger(), nullable=True),
        sa.Column("output_nanos", sa.BigInteger(), nullable=True),
        sa.Column("said_by", sa.String(length=64), nullable=False),
        sa.Column("said_at", storage.tables.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prices"),
    )
    op.create_table(
        "unpriced_models",
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("told_at", storage.tables.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("model", name="pk_unpriced_models"),
    )


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
