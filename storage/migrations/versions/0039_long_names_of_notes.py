"""What is noted of an installation may have the name of a contract, a source or a host in its own."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("installation") as table:
        table.alter_column("name", type_=sa.String(320), existing_type=sa.String(32), existing_nullable=False)


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
