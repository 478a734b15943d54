"""Amounts of currencies that are worth little are counted in larger parts, so that their sums fit.

What was rounded off is less than a part for each amount: less than a millionth of a cent.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

DIGITS = {
    7: "AFN ALL BTN CZK DOP EGP ERN GHS GMD HNL INR KGS LSL MDL MKD MUR MXN MZN NAD NIO PHP RUB SCR SLE STN SZL THB "
    "TJS TRY TWD UAH UYU ZAR ZMW",
    6: "AMD BDT CLP CRC CVE DJF DZD ETB GYD HTG HUF ISK JMD JPY KES KMF KZT LKR LRD NPR PKR RSD SDG SOS VUV XAF XOF "
    "XPF YER",
    5: "AOA ARS BIF CDF COP GNF IQD KHR KPW KRW MGA MMK MNT MWK NGN PYG RWF SSP TZS UGX VES",
    4: "IDR IRR LAK LBP SLL SYP UZS VND ZWL",
}
SIZES = {name: 10 ** (9 - digits) for digits, names in DIGITS.items() for name in names.split()}
"""How many nanos a part of each of these currencies has."""

OF_UNIT = {"entries": ("amount",), "requests": ("amount", "resolved_amount")}
OF_CURRENCY = {"charges": ("cost_nanos", "list_nanos"), "charge_versions": ("cost_nanos", "list_nanos")}
OF_HOUSE = {
    "charges": ("cost_house_nanos",),
    "charge_versions": ("cost_house_nanos",),
    "spend": ("cost_nanos",),
    "findings": ("cost_nanos", "low_nanos", "high_nanos", "before_nanos", "realised_nanos"),
    "spikes": ("now_nanos", "usual_nanos", "excess_nanos", "rate_nanos", "told_nanos"),
    "seats": ("month_nanos",),
    "limits": ("known_limit",),
}


def upgrade() -> None:
    conn = op.get_bind()
    house = conn.execute(sa.text("select min(unit) from entries where unit not in ('tokens', 'credits')")).scalar()
    house = house or conn.execute(
        sa.text("select min(currency) from charges where cost_house_nanos = cost_nanos and rate_nanos = 1000000000")
    ).scalar()
    for name, size in SIZES.items():
        for tables, column in ((OF_UNIT, "unit"), (OF_CURRENCY, "currency")):
            for table, columns in tables.items():
                _divide(conn, table, columns, size, f"{column} = '{name}'")
    if house in SIZES:
        for table, columns in OF_HOUSE.items():
            _divide(conn, table, columns, SIZES[house], "true")
        counted = "select budget from entries where unit in ('tokens', 'credits')"
        _divide(conn, "alerts", ("limit_units",), SIZES[house], f"budget not in ({counted})")
        _divide_on_the_way(conn, SIZES[house])


def _divide_on_the_way(conn: sa.Connection, size: int) -> None:
    """Limits and decisions that wait to be written say from which limit of the ledger they follow."""
    waiting = conn.execute(
        sa.text("select id, payload from outbox where kind in ('limit', 'answer') and state <> 'done'")
    )
    for number, payload in waiting.all():
        said = json.loads(payload)
        if isinstance(said.get("limit"), int):
            said["limit"] //= size
            conn.execute(
                sa.text("update outbox set payload = :payload where id = :id"),
                {"payload": json.dumps(said), "id": number},
            )


def _divide(conn: sa.Connection, table: str, columns: tuple[str, ...], size: int, where: str) -> None:
    """Count some columns in larger parts; what is empty stays so."""
    values = ", ".join(f"{column} = {column} / {size}" for column in columns)
    conn.execute(sa.text(f"update {table} set {values} where {where}"))  # noqa: S608 - our own names


def downgrade() -> None:
    raise NotImplementedError("Downgrades are not supported; restore a backup.")
