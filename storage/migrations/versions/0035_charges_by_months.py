"""Charges by months: on PostgreSQL each month of buckets is a partition. Existing charges are copied into them."""

import sqlalchemy as sa
from alembic import op

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None

KEY = "provider, bucket_start, sub_account, resource, subject, model, tier"
MONTHS = sa.text("select distinct date_trunc('month', bucket_start at time zone 'UTC')::date from charges order by 1")


def upgrade() -> None:
    conn = op.get_bind()
    if conn.dialect.name == "sqlite":
        return
    months = conn.execute(MONTHS).scalars().all()
    op.execute("alter table charges rename to charges_before")
    op.execute("alter table charges_before rename constraint pk_charges to pk_charges_before")
    op.execute("alter index ix_charges_account_id_day rename to ix_charges_before")
    op.execute("create table charges (like charges_before including defaults) partition by range (bucket_start)")
    for first in months:
        year, month = divmod(first.year * 12 + first.month, 12)
        op.execute(
            f"create table charges_{first:%Y_%m} partition of charges"
            f" for values from ('{first:%Y-%m-01} 00:00:00+00') to ('{year:04}-{month + 1:02}-01 00:00:00+00')"
        )
    op.execute("insert into charges select * from charges_before")
    op.execute("drop table charges_before")
    op.execute(f"alter table charges add constraint pk_charges primary key ({KEY})")
    op.execute("create index ix_charges_account_id_day on charges (account_id, day)")
    op.execute("analyze charges")


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
