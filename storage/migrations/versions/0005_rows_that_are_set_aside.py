"""Rows that could not be understood, and days that could not be read."""

import sqlalchemy as sa
from alembic import op

from storage.tables import Instant, Serial

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "set_aside",
        sa.Column("id", Serial, primary_key=True),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("day", sa.Date),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("rows", sa.BigInteger),
        sa.Column("tried_at", Instant, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
    )
    op.create_index("ix_set_aside_provider_part_day", "set_aside", ["provider", "part", "day"])


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
