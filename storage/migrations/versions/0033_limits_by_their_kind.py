"""An index that finds the limits of whole organizations among those of everybody."""

from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_limits_kind", "limits", ["kind"])


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
