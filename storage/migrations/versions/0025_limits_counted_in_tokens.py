"""Limits that a provider counts in tokens: that word stands where a currency does."""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("limits") as table:
        table.alter_column(
            "currency", type_=sa.String(8), existing_type=sa.String(3), existing_nullable=False, existing_server_default="USD"
        )


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
