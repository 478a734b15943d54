"""What finance said that models cost, and of which models without a price they were told. Rows are only added."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection, insert, select

from storage.tables import prices, unpriced_models
from storage.upsert import upsert

Said = Literal["price", "free", "removed"]


@dataclass(frozen=True, slots=True)
class PostedPrice:
    """What somebody of finance said that a model costs.

    Args:
        model: its name as it is reported.
        provider: the provider at which it costs that, "" for everywhere.
        since: the first day (UTC) on which it counts.
        what: a price, free, or that there is no price of one's own any more.
        currency: of the prices.
        input_nanos: of a million input tokens, in 10⁻⁹ of the currency; None where it was not said, as in all below.
        cache_read_nanos: of those read from a cache.
        cache_write_nanos: of those written to a cache.
        cache_write_1h_nanos: of those kept for an hour.
        output_nanos: of a million output tokens.
        said_by: id of the person.
        said_at: when, aware UTC.
    """

    model: str
    provider: str
    since: date
    what: Said
    currency: str
    input_nanos: int | None
    cache_read_nanos: int | None
    cache_write_nanos: int | None
    cache_write_1h_nanos: int | None
    output_nanos: int | None
    said_by: str
    said_at: datetime


_LAST_FIRST = select(*(prices.c[name] for name in PostedPrice.__dataclass_fields__)).order_by(prices.c.id.desc())
_TOLD = select(unpriced_models.c.model, unpriced_models.c.tokens)


def posted(conn: Connection) -> list[PostedPrice]:
    """All that was said about prices, the last word first."""
    return [PostedPrice(*row) for row in conn.execute(_LAST_FIRST)]


def post(conn: Connection, price: PostedPrice) -> int:
    """Say what a model costs from a day on. What was said before stays, and counts until that day.

    Returns:
        The number of this word.
    """
    number: int = conn.execute(insert(prices).returning(prices.c.id), asdict(price)).scalar_one()
    return number


def told(conn: Connection) -> dict[str, int]:
    """The models of whose missing price finance was told, each with how many tokens it was told to have last."""
    return {row.model: row.tokens for row in conn.execute(_TOLD)}


def note_told(conn: Connection, models: Mapping[str, int], now: datetime) -> None:
    """Remember that finance was told of some models, and with how many tokens."""
    rows: list[dict[str, object]] = [
        {"model": model, "told_at": now, "tokens": tokens} for model, tokens in sorted(models.items())
    ]
    upsert(conn, unpriced_models, rows)
