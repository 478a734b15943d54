"""List prices beside costs, limits in other currencies than dollars, and seats of which nobody says when they were used."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("charges", "charge_versions"):
        op.add_column(table, sa.Column("list_nanos", sa.BigInteger()))
    op.add_column("limits", sa.Column("currency", sa.String(length=3), nullable=False, server_default="USD"))
    op.add_column("seats", sa.Column("use_known", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
