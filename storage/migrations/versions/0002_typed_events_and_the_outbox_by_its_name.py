"""Typed events: what the clock told itself in words becomes data; the outbox and spikes have their own names."""

import json
from urllib.parse import unquote

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


# What the clock said of old, and the event that it is now; the fields are filled from the rest of the key.
EVENTS = {
    "begin": ("give_allotments", ()),
    "grants": ("end_grants", ()),
    "alerts": ("check_thresholds", ()),
    "watch": ("check_spikes", ()),
    "notes": ("send_notes", ()),
    "sift": ("detect_waste", ()),
    "tell": ("tell_findings", ("person_id",)),
    "nudge": ("remind_approver", ("request_id", "stage")),
    "raise": ("escalate", ("request_id", "stage")),
    "lapse": ("request_expired", ("request_id", "stage")),
    "answered": ("increase_decided", ("request_id",)),
    "follow": ("sync_account", ("account_id",)),
    "reconcile": ("sync_provider", ("provider",)),
    "pause": ("pause_account", ("account_id",)),
}
NUMBERS = ("request_id", "stage")


def as_event(key: str, payload: str) -> tuple[str, str] | None:
    """The key and the payload of what was a sentence of the clock's, or None for one that stays a sentence."""
    said = json.loads(payload)
    word, _, words = said["sentence"].partition(" ")
    if word not in EVENTS or said["place"]["platform"] not in ("nowhere", "clock"):
        return None
    name, fields = EVENTS[word]
    rest = key.removeprefix("say/")
    if rest.startswith(f"{word}@@"):  # of the schedule
        rest = rest.removeprefix(f"{word}@@")
    elif rest.startswith(f"{word}@"):  # after a reading
        rest = "after/" + rest.removeprefix(f"{word}@")
    else:
        rest = rest.removeprefix(f"{word}/")
    if word == "pause":
        values = [words.replace(" ", "/", 1)]
    elif word in ("tell", "follow", "reconcile"):
        values = [words]
    else:
        values = rest.split("/")[: len(fields)]
    event: dict[str, object] = {each: int(value) if each in NUMBERS else value for each, value in zip(fields, values, strict=True)}
    return f"event/{name}/{rest}", json.dumps({"event": name, **event})


def as_answer(payload: str) -> str:
    """The payload of an answer to a provider's own request, with whom it limits as data."""
    answer = json.loads(payload)
    kind, _, external_id = (answer.get("who") or "").partition(":")
    answer["who"] = {"kind": kind, "external_id": unquote(external_id)} if kind else None
    return json.dumps(answer)


def upgrade() -> None:
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=255).with_variant(sa.String(length=255, collation='C'), 'postgresql'), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('target', sa.String(length=255), nullable=False),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('due_at', storage.tables.Instant(timezone=True), nullable=False),
    sa.Column('held_until', storage.tables.Instant(timezone=True), nullable=False),
    sa.Column('holder', sa.String(length=32), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('receipt', sa.Text(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('made_at', storage.tables.Instant(timezone=True), nullable=False),
    sa.Column('settled_at', storage.tables.Instant(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('key', name=op.f('uq_outbox_key'))
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_state_due_at'), ['state', 'due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_target_kind'), ['target', 'kind'], unique=False)

    op.create_table('spikes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.String(length=80), nullable=False),
    sa.Column('rule', sa.String(length=16), nullable=False),
    sa.Column('burns', sa.Boolean(), nullable=False),
    sa.Column('since', storage.tables.Instant(timezone=True), nullable=False),
    sa.Column('until', storage.tables.Instant(timezone=True), nullable=False),
    sa.Column('now_nanos', sa.BigInteger(), nullable=False),
    sa.Column('usual_nanos', sa.BigInteger(), nullable=False),
    sa.Column('excess_nanos', sa.BigInteger(), nullable=False),
    sa.Column('rate_nanos', sa.BigInteger(), nullable=False),
    sa.Column('told_nanos', sa.BigInteger(), nullable=True),
    sa.Column('told_times', sa.Integer(), nullable=False),
    sa.Column('paused', sa.Boolean(), nullable=False),
    sa.Column('verdict', sa.String(length=16), nullable=False),
    sa.Column('ended_at', storage.tables.Instant(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_spikes'))
    )
    with op.batch_alter_table('spikes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_spikes_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_spikes_burns'), ['burns'], unique=False)

    op.execute("insert into outbox select * from wishes")
    conn = op.get_bind()
    rows = conn.execute(sa.text("select id, key, kind, payload from outbox where kind in ('say', 'answer')")).all()
    for number, key, kind, payload in rows:
        if kind == "answer":
            change = sa.text("update outbox set payload = :payload where id = :id")
            conn.execute(change, {"id": number, "payload": as_answer(payload)})
        elif event := as_event(key, payload):
            change = sa.text("update outbox set kind = 'event', key = :key, payload = :payload where id = :id")
            conn.execute(change, {"id": number, "key": event[0], "payload": event[1]})
    op.execute("insert into spikes select * from dangers")
    if conn.dialect.name == "postgresql":
        for table in ("outbox", "spikes"):
            last = f"coalesce((select max(id) from {table}), 0) + 1"
            op.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), {last}, false)")
    op.drop_table("wishes")
    op.drop_table("dangers")


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
