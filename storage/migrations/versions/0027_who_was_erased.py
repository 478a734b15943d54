"""Rows of the audit and identities of which somebody was erased, and what is so of the database as a whole."""

import sqlalchemy as sa
from alembic import op

from storage.tables import Instant

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit", sa.Column("erased", sa.String(64), nullable=False, server_default=""))
    op.create_table(
        "erased_identities",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("pseudonym", sa.String(255), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_erased_identities"),
    )
    op.create_table(
        "installation",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_installation"),
    )


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
