"""Groups across teams that a person is in, as words with blanks between them."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("groups", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
