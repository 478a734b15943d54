"""What the people sources said when they were read last."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_sources",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("read_at", storage.tables.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_people_sources"),
    )


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
