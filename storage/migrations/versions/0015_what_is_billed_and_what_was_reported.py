"""Beside what a charge counts: what the provider bills of it, and what it reported where a discount of ours came off."""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("charges", "charge_versions"):
        op.add_column(table, sa.Column("billed_nanos", sa.BigInteger()))
        op.add_column(table, sa.Column("reported_nanos", sa.BigInteger()))


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
