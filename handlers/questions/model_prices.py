"""What models cost here, by tier: prices as they were really paid, and what a day of one's own would cost on each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median_low

from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.provenance import as_of, begun_later
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

    The rates are what your organization really paid in the last 28 days, for all kinds of tokens together.
    """
    end = comparisons.whole_before(ctx.readings(), ctx.today)
    first = end - timedelta(days=DAYS)
    found = [each for each in spend.spent_by(ctx.conn, ORGANIZATION, first, end, "model") if each.tokens]
    days = [each.tokens for each in spend.spent_by(ctx.conn, ctx.account_id, first, end, "day") if each.tokens]
    typical = median_low(days) if days else 0
    tiers = _by_tier(ctx, found)
    blocks: list[Block] = []
    if not found:
        blocks.append(Text(ctx.t("No usage was reported for the last 28 days.")))
    else:
        if days:
            active = ctx.nt(
                "{tokens}, the median of your {n} day with usage",
                "{tokens}, the median of your {n} days with usage",
                len(days),
                tokens=ctx.amount(typical, "tokens"),
            )
            blocks.append(Facts(((ctx.t("Your typical day"), active),)))
        blocks += [_tiers(ctx, tiers, typical), _models(ctx, tiers), *begun_later(ctx, first)]
        note = ctx.t("All kinds of tokens together: a tier that is used with a lot of caching looks cheaper.")
        blocks.append(Text(note, quiet=True))
    unpriced = sum(each.tokens_unpriced for each in found)
    buttons = (Button(ctx.t("Where did it go?"), "spend by model"), Button(ctx.t("Why?"), "why"))
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
        return ctx.t("No price is known yet")
    (first, least), (last, most) = priced[0], priced[-1]
    count = typical or MILLION
    said = {"least": _shown(ctx, least.of(count)), "most": _shown(ctx, most.of(count))}
    said |= {"first": ctx.tier(first), "last": ctx.tier(last)}
    if len(priced) > 1 and typical:
        return ctx.t("Your typical day: {least} on {first}, {most} on {last}", **said)
    if len(priced) > 1:
        return ctx.t("A million tokens: {least} on {first}, {most} on {last}", **said)
    if typical:
        return ctx.t("Your typical day: {amount} on {tier}", amount=said["least"], tier=said["first"])
    return ctx.t("A million tokens: {amount} on {tier}", amount=said["least"], tier=said["first"])


def _tiers(ctx: Context, tiers: dict[str, list[Spent]], typical: int) -> Table:
    columns: tuple[str, ...] = (ctx.t("Tier"), ctx.t("A million tokens"), ctx.t("Your typical day"))
    count = len(columns) if typical else 2
    prices = {ctx.tier(name): rate(spent) for name, spent in tiers.items()}
    rows = [(name, _shown(ctx, each.of(MILLION)), _shown(ctx, each.of(typical))) for name, each in prices.items()]
    caption = ctx.t("By tier, last 28 days")
    return Table(caption, columns[:count], tuple(row[:count] for row in rows), "lrr"[:count])


def _models(ctx: Context, tiers: dict[str, list[Spent]]) -> Table:
    rows = tuple(
        (each.name or ctx.t("no name"), ctx.tier(tier), _shown(ctx, rate([each]).of(MILLION)))
        for tier, spent in tiers.items()
        for each in spent
    )
    return Table(ctx.t("By model"), (ctx.t("Model"), ctx.t("Tier"), ctx.t("A million tokens")), rows, "llr")


def _shown(ctx: Context, nanos: int | None) -> str:
    return ctx.t("unpriced") if nanos is None else ctx.amount(nanos, ctx.policy.organization.currency)
