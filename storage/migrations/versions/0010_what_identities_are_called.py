"""What identities are called at their providers."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "aliases",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "kind", "external_id", name=op.f("pk_aliases")),
    )
    op.create_index(op.f("ix_aliases_external_id"), "aliases", ["external_id"])


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
