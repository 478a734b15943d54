"""What is reserved for jobs, and through which program a request was made."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reservations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("by_id", sa.String(length=64), nullable=False),
        sa.Column("through", sa.String(length=120), nullable=False),
        sa.Column("external_id", sa.String(length=120), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("spent_before", sa.BigInteger(), nullable=False),
        sa.Column("reserved_at", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("counts_until", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("ended_at", storage.tables.Instant(timezone=True), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", storage.tables.Instant(timezone=True), nullable=True),
        sa.Column("continued_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reservations"),
    )
    op.create_index("ix_reservations_account_id_state", "reservations", ["account_id", "state"])
    op.create_index("ix_reservations_counts_until", "reservations", ["counts_until"])
    op.add_column("requests", sa.Column("through", sa.String(length=120), server_default="", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
