"""Accounts by their names in any case, to be found without looking at all of them."""

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    name = sa.text("name COLLATE NOCASE" if is_sqlite else "lower(name)")
    op.create_index("ix_accounts_in_any_case", "accounts", [name])


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
