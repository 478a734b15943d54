"""What models cost here, by tier: prices as they were really paid, and what a day of one's own would cost on each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median_low

from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.provenance import as_of
from storage import comparisons, spend
from storage.spend import Spent
from storage.tables import ORGANIZATION

DAYS = 28
MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Rate:
    """What tokens cost on the whole: so much for so many priced ones."""

    cost_nanos: int
    tokens: int

    def of(self, tokens: int) -> int | None:
        """What so many tokens would cost in nanos, None if nothing with a price was used."""
        return self.cost_nanos * tokens // self.tokens if self.tokens > 0 else None


def rate(spent: Sequence[Spent]) -> Rate:
    """The blended rate of some sums. Tokens without a price are left out, for unknown is not free."""
    return Rate(sum(each.cost_nanos for each in spent), sum(each.tokens - each.tokens_unpriced for each in spent))


def models(ctx: Context) -> Card:
    """What each tier of models costs here for a million tokens, and what your typical day would cost on it.

    The rates are what the organization really paid in the last 28 days, all kinds of tokens together.
    """
    end = comparisons.whole_until(ctx.conn, ctx.today)
    first = end - timedelta(days=DAYS)
    found = [each for each in spend.spent_by(ctx.conn, ORGANIZATION, first, end, "model") if each.tokens]
    days = [each.tokens for each in spend.spent_by(ctx.conn, ctx.account_id, first, end, "day") if each.tokens]
    typical = median_low(days) if days else 0
    tiers = _by_tier(ctx, found)
    blocks: list[Block] = []
    if not found:
        blocks.append(Text("Nothing was reported for the last 28 days."))
    else:
        if days:
            active = f"the median of your {len(days)} {'day' if len(days) == 1 else 'days'} with usage"
            blocks.append(Facts((("Your typical day", f"{ctx.amount(typical, 'tokens')}, {active}"),)))
        blocks += [_tiers(ctx, tiers, typical), _models(ctx, tiers)]
        blocks.append(
            Text("All kinds of tokens together: a tier that is used with much caching looks cheaper.", quiet=True)
        )
    unpriced = sum(each.tokens_unpriced for each in found)
    buttons = (Button("Where did it go?", "spend by model"), Button("Why?", "why"))
    return Card(_title(ctx, tiers, typical), (*blocks, as_of(ctx, unpriced), *buttons))


def _by_tier(ctx: Context, found: Sequence[Spent]) -> dict[str, list[Spent]]:
    """The models of each tier, cheapest first in both; what has no price stands last."""
    tiers: dict[str, list[Spent]] = {}
    for each in sorted(found, key=lambda each: _price([each])):
        tiers.setdefault(ctx.policy.tier_of(each.name), []).append(each)
    return dict(sorted(tiers.items(), key=lambda tier: _price(tier[1])))


def _price(spent: Sequence[Spent]) -> tuple[bool, int]:
    price = rate(spent).of(MILLION)
    return price is None, price or 0


def _title(ctx: Context, tiers: dict[str, list[Spent]], typical: int) -> str:
    priced = [(name, rate(spent)) for name, spent in tiers.items() if rate(spent).tokens > 0]
    if not priced:
        return "No price is known yet"
    count, lead = (typical, "Your typical day") if typical else (MILLION, "A million tokens")
    ends = [priced[0], priced[-1]] if len(priced) > 1 else priced
    return f"{lead}: {', '.join(f'{_shown(ctx, each.of(count))} on {name}' for name, each in ends)}"


def _tiers(ctx: Context, tiers: dict[str, list[Spent]], typical: int) -> Table:
    columns: tuple[str, ...] = ("Tier", "A million tokens", "Your typical day")
    count = len(columns) if typical else 2
    prices = {name: rate(spent) for name, spent in tiers.items()}
    rows = [(name, _shown(ctx, each.of(MILLION)), _shown(ctx, each.of(typical))) for name, each in prices.items()]
    return Table("By tier, last 28 days", columns[:count], tuple(row[:count] for row in rows), "lrr"[:count])


def _models(ctx: Context, tiers: dict[str, list[Spent]]) -> Table:
    rows = tuple(
        (each.name or "not named", tier, _shown(ctx, rate([each]).of(MILLION)))
        for tier, spent in tiers.items()
        for each in spent
    )
    return Table("By model", ("Model", "Tier", "A million tokens"), rows, "llr")


def _shown(ctx: Context, nanos: int | None) -> str:
    if nanos is None:
        return "unpriced"
    unit = ctx.policy.organization.currency
    cent = 10**7
    return f"under {ctx.amount(cent, unit)}" if 0 < nanos < cent else ctx.amount(nanos, unit)
