"""The language that somebody chose."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("language", sa.String(length=16), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
