"""Files that show what people paid."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", storage.tables.Serial, nullable=False),
        sa.Column("person_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.BigInteger()),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("sent_at", storage.tables.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
    )
    op.create_index("ix_receipts_person_id_request_id", "receipts", ["person_id", "request_id"])
    op.create_index("ix_receipts_request_id", "receipts", ["request_id"])
    op.create_index("ix_receipts_sha256", "receipts", ["sha256"])


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
