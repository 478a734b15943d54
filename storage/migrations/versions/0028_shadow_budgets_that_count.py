"""Shadow budgets that were let count, each from a day on."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promotions",
        sa.Column("budget", sa.String(length=64), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("said_by", sa.String(length=64), nullable=False),
        sa.Column("said_at", storage.tables.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("budget", name=op.f("pk_promotions")),
    )


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
