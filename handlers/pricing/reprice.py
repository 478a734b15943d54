"""Pricing anew what was counted, when prices of the company's own have changed.

A reported cost stays known: a discount comes off what was reported, however often it changes. A day at a time, so that
nothing else waits long; each is in the audit, and the ledger keeps what its cells said before.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version

from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import RepriceCharges, RepriceDay
from handlers.policy import Policy
from handlers.pricing.book import PriceBook
from storage import comparisons, ingest, prices
from storage.charges import Charge

DAYS_MAX = 400
"""How far back is looked."""


FORMS = 1
"""Counts the ways in which names of models are read; another one may find prices that this one does not."""


def fingerprint(policy: Policy) -> str:
    """Tells the prices of app.yaml and the list from others."""
    said = [FORMS, version("genai-prices"), [each.model_dump(mode="json") for each in policy.prices]]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def book_of(ctx: Context) -> PriceBook:
    """All prices that count now."""
    return PriceBook(ctx.policy, prices.posted(ctx.conn))


def reprice_charges(ctx: Context, event: RepriceCharges) -> None:
    """Have every day priced anew that app.yaml's prices may have changed."""
    days = reprice_since(ctx, None, f"app.yaml {event.rules}")
    if days and ctx.policy.prices:
        ctx.deed("repriced", "prices", "app.yaml", f"prices of app.yaml or the list changed, {days} days are looked at")


def reprice_since(ctx: Context, since: date | None, cause: str) -> int:
    """Have every day from one on priced anew, soon after this transaction, the latest first.

    Args:
        ctx: of an order or an event.
        since: the first day (UTC), None for all.
        cause: why, for the audit; also tells one change from another.

    Returns:
        How many days.
    """
    begun = comparisons.begun(ctx.conn)
    if begun is None:
        return 0
    today = ctx.now.astimezone(UTC).date()
    # A day of the organization begins up to a day before or after the one of UTC.
    first = max(since or date.min, begun - timedelta(days=1), today - timedelta(days=DAYS_MAX))
    days = [today - timedelta(days=number) for number in range((today - first).days + 1)]
    for day in days:
        ctx.emit(day.isoformat(), RepriceDay(day.isoformat(), cause))
    return len(days)


def reprice_day(ctx: Context, event: RepriceDay) -> None:
    """Price the cells of a day (UTC) anew that prices of the company's own may change."""
    day, book = date.fromisoformat(event.day), book_of(ctx)
    providers = [each.provider for each in ctx.readings()]
    zeros = {each.name for each in ctx.policy.vendors if not each.zero_is_cost}
    found = ingest.repriceable(ctx.conn, providers, day, zeros, discounted=book.discounts_reported)
    changed = [(new, counted) for charge, counted in found if (new := book.priced_anew(charge)) != charge]
    if not changed:
        return

    def convert(cost_nanos: int, currency: str, counted: date) -> tuple[int, int]:
        house = ctx.policy.convert(cost_nanos, currency, counted)
        if house is None:
            raise RefusedError("app.yaml has no rate for {currency} on {day}.", currency=currency, day=str(counted))
        return house

    before = {key_of(charge): charge for charge, _ in found}
    cells = ingest.restate(ctx.conn, changed, convert, ctx.now)
    was = _unpriced(before[key_of(charge)] for charge, _ in changed)
    now = _unpriced(charge for charge, _ in changed)
    details = f"{cells} charges; tokens without a price: {was} before, {now} now; {event.cause}"
    ctx.deed("repriced", f"day/{event.day}", "prices", details)


def key_of(charge: Charge) -> tuple[str, datetime, str, str, str, str, str]:
    """What names the cell of a charge."""
    return (
        charge.provider,
        charge.bucket_start,
        charge.sub_account,
        charge.resource,
        charge.subject,
        charge.model,
        charge.tier,
    )


def _unpriced(charges: Iterable[Charge]) -> int:
    """The tokens of some charges that have no price."""
    return sum(
        each.tokens_input
        + each.tokens_cache_read
        + each.tokens_cache_write_5m
        + each.tokens_cache_write_1h
        + each.tokens_output
        for each in charges
        if each.cost_nanos is None
    )
