"""Messages of one place in order, and platforms that take nothing now."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox") as table:
        table.add_column(sa.Column("place", sa.String(length=255), server_default="", nullable=False))
        table.add_column(sa.Column("blocks", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.create_index("ix_outbox_target_place_state", ["target", "place", "state"])
    op.create_table(
        "delivery_pauses",
        sa.Column("target", sa.String(length=255), nullable=False),
        sa.Column("since", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("until", storage.tables.Instant(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("target", name="pk_delivery_pauses"),
    )


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
