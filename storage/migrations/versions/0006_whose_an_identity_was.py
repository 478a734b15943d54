"""Whose an identity was before it was another's, and the employee number of a person."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("number", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "former_links",
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("platform", "kind", "external_id", "until", name=op.f("pk_former_links")),
    )


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
