"""Where a grant is known to be applied stands with the request; it was read out of the audit."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('requests', sa.Column('applied', sa.Text(), server_default='', nullable=False))
    conn = op.get_bind()
    deeds = conn.execute(
        sa.text("select subject, authority from audit where what = 'applied' and subject like 'request/%' order by id")
    ).all()
    applied: dict[int, list[str]] = {}
    for subject, provider in deeds:
        names = applied.setdefault(int(subject.removeprefix("request/")), [])
        if provider not in names:
            names.append(provider)
    for number, names in applied.items():
        change = sa.text("update requests set applied = :names where id = :id")
        conn.execute(change, {"id": number, "names": " ".join(names)})


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
