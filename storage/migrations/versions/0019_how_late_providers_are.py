"""How late providers are, since when they are read, and a beginning and a ceiling for spending that is expected."""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pulls", sa.Column("began_at", storage.tables.Instant(timezone=True)))
    op.add_column("pulls", sa.Column("heard_until", storage.tables.Instant(timezone=True)))
    op.add_column("pulls", sa.Column("late_seconds", sa.BigInteger()))
    # Cells that were restated have a later moment; the first version of one of them tells when readings began.
    for table in ("charges", "charge_versions"):
        op.execute(
            "update pulls set began_at = (select min(recorded_at) from {0} where {0}.provider = pulls.provider) "
            "where began_at is null or began_at > "
            "(select min(recorded_at) from {0} where {0}.provider = pulls.provider)".format(table)
        )
    op.add_column("expectations", sa.Column("first", sa.Date()))
    op.add_column("expectations", sa.Column("ceiling_nanos", sa.BigInteger()))
    op.execute("update expectations set first = cast(said_at as date)")
    with op.batch_alter_table("expectations") as batch:
        batch.alter_column("first", nullable=False)


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
