"""When a limit at a provider resets, what is counted against it, what else caps it, and what finance kept."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("limits", sa.Column("kept_seen_nanos", sa.BigInteger(), nullable=True))
    op.add_column("limits", sa.Column("resets_at", storage.tables.Instant(timezone=True), nullable=True))
    op.add_column("limits", sa.Column("spent_nanos", sa.BigInteger(), nullable=True))
    op.add_column("limits", sa.Column("caps", sa.Text(), nullable=False, server_default=""))
    # What was kept counted as told from then on.
    op.execute("update limits set kept_seen_nanos = known_nanos where kept_nanos is not null")


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
