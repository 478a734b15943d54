"""Charges with a list price or a bill beside what counts, to be found without looking at all others."""

import sqlalchemy as sa
from alembic import op

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None

WHERE = sa.text("list_nanos IS NOT NULL OR billed_nanos IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_charges_told_apart", "charges", ["day", "provider"], sqlite_where=WHERE, postgresql_where=WHERE
    )


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
