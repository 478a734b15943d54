"""Where a request was made, and what a finding is about, is told by a provider's own id with more before it."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, column in (("requests", "origin"), ("findings", "about")):
        with op.batch_alter_table(name) as table:
            table.alter_column(column, type_=sa.String(320), existing_type=sa.String(255), existing_nullable=False)


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
