"""Room for a row's next version on its own page, on PostgreSQL: indexes are left alone then."""

import sqlalchemy as sa
from alembic import op

revision = '0038'
down_revision = '0037'
branch_labels = None
depends_on = None

MONTHS = "select inhrelid::regclass::text from pg_inherits where inhparent = 'charges'::regclass"


def upgrade() -> None:
    conn = op.get_bind()
    if conn.dialect.name == "sqlite":
        return
    for name in ("spend", *conn.execute(sa.text(MONTHS)).scalars().all()):
        op.execute(f"alter table {name} set (fillfactor = 80)")


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
