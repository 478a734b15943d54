"""What a budget gives to everybody of a kind in a period is one row, and who came or left when."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "terms",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("budget", sa.String(length=64), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("said_by", sa.String(length=64), nullable=False),
        sa.Column("posted_at", storage.tables.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_terms"),
        sa.UniqueConstraint(
            "budget", "period_start", "kind", "cause", name="uq_terms_budget_period_start_kind_cause"
        ),
    )
    op.create_index("ix_terms_period_start", "terms", ["period_start"])
    op.create_table(
        "presence",
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("after_term", sa.BigInteger(), nullable=False),
        sa.Column("last_term", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "after_term", name="pk_presence"),
    )
    op.create_index("ix_presence_after_term", "presence", ["after_term"])


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
