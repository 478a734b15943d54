"""The close of a month, for finance: who bears what, what was moved, and what is not known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from handlers.access import sees_all
from handlers.arguments import When
from handlers.card import Block, Button, Card, Facts, File, Table, Text
from handlers.context import CLOCK, Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import percent
from handlers.periods import Period, called_after
from handlers.policy import PriceRule
from handlers.provenance import as_of, begun_later, late, not_whole, together
from handlers.spans import Span
from storage import comparisons, exports, ledger, people
from storage.exports import NO_OWNER, NO_TEAM, Share, ToldApart
from storage.ledger import Moved
from storage.spend import Spent
from storage.tables import ORGANIZATION

DAY = timedelta(days=1)
STARTED = 2 * DAY  # a month whose first days were a weekend is known as well
ROWS_MAX = 30
EXPORTS = ("showback", "focus-1.2", "focus-1.4")
OF_CONTRACTS = ("focus-1.3-commitments",)


@dataclass(frozen=True, slots=True)
class Month:
    """A month that is over.

    Args:
        period: its days.
        shares: what each team itself spent.
        before: the same of the month before, none if it is not known from its beginning.
        moved: the entries of its periods, by kind and unit.
        late: names of providers that were not read to its end.
        begun: the first day of which any usage is known.
        odd: what else is not known of it.
        apart: providers that say a list price or a bill beside what counts.
    """

    period: Period
    shares: Sequence[Share]
    before: Sequence[Share]
    moved: Sequence[Moved]
    late: Sequence[str]
    begun: date
    odd: Sequence[str]
    apart: Sequence[ToldApart]


def close(ctx: Context, period: When = None) -> Card:
    """The close of a month, for finance: by cost center and team, with files for accounting.

    “close” is about last month, “close october” about another one. You get the card and the files in a direct message.
    When the schedule says it, all of finance does.
    """
    asked = _asked(ctx, period)
    key = f"close/{called_after(asked.first):%Y-%m}"
    if ctx.person.id == CLOCK.id:
        told = [_send(replace(ctx, person=each), asked, key) for each in people.people_with_role(ctx.conn, "finance")]
        title = N_("The close of {month} was sent to {told} of {all} people in finance")
        return Card(ctx.t(title, month=ctx.month(asked.first), told=sum(told), all=len(told)))
    card = _card(ctx, _read(ctx, asked))
    if not ctx.is_linked(ctx.person.id):
        return replace(card, thread=tuple(block for block in card.thread if not isinstance(block, File)))
    ctx.tell(ctx.person.id, f"{key}/{ctx.now:%Y-%m-%dT%H:%M:%S}", card)
    return Card(card.title, (Text(ctx.t("The details and the files are in your direct messages.")),))


def month(ctx: Context, period: When = None) -> Card:
    """What “close” says of a month, to look at: “month” is about last month, “month october” about another one.

    For finance and admins. “close” also sends the files to your direct messages.
    """
    return _card(ctx, _read(ctx, _asked(ctx, period)))


def _asked(ctx: Context, period: Span | None) -> Period:
    """The month that is meant.

    Raises:
        RefusedError: it is none that is over, or who asks may not see it.
    """
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can close a month.")
    last = ctx.period(ctx.period(ctx.today, "month").first - DAY, "month")
    whole = ctx.period(period.first, "month") if period else last
    if (period and period.end != whole.end) or whole.end > ctx.today:
        raise RefusedError("You can only close a whole month that is over, such as: close october")
    return whole


def _send(theirs: Context, month: Period, key: str) -> bool:
    return theirs.tell(theirs.person.id, key, _card(theirs, _read(theirs, month)))


def _read(ctx: Context, month: Period) -> Month:
    earlier = ctx.period(month.first - DAY, "month")
    begun = min(comparisons.first_used(ctx.conn, ORGANIZATION).values(), default=month.end)
    return Month(
        month,
        exports.showback(ctx.conn, month.first, month.end),
        exports.showback(ctx.conn, earlier.first, earlier.end) if begun <= earlier.first + STARTED else (),
        ledger.moved(ctx.conn, month.first, month.end),
        [each.provider for each in late(ctx, month.end)],
        begun,
        not_whole(ctx, month.first, month.end),
        exports.told_apart(ctx.conn, month.first, month.end),
    )


def _card(ctx: Context, month: Month) -> Card:
    whole = _sum(month.shares)
    blocks: list[Block] = []
    if month.late:
        names = ctx.listed(month.late)
        missing = N_(
            "Not read to the end of the month yet: {providers}. Close the month again later to include it all."
        )
        blocks.append(Text(ctx.t(missing, providers=names)))
    blocks += begun_later(ctx, month.period.first) if month.begun > month.period.first else ()
    if month.odd:
        blocks.append(Text(ctx.t("This month is incomplete. Not in the sum: {what}.", what=together(ctx, month.odd))))
    facts = tuple(_facts(ctx, month, whole))
    blocks += [Facts(facts)] if facts else []
    blocks += [
        _centers(ctx, month, whole),
        *([_apart(ctx, month.apart)] if month.apart else []),
        *_buttons(ctx, month),
        as_of(ctx, whole.tokens_unpriced, month.period.first, month.period.end),
        *ctx.on_a_page(f"/money?period={called_after(month.period.first):%Y-%m}"),
    ]
    made = (*EXPORTS, *(OF_CONTRACTS if ctx.policy.contracts else ()))
    files = (File(f"{each}-{called_after(month.period.first):%Y-%m}.csv") for each in made)
    thread: list[Block] = [_teams(ctx, month), *files]
    return Card(
        _title(ctx, month, whole), tuple(blocks), "warn" if month.late or month.odd else "plain", thread=tuple(thread)
    )


def _title(ctx: Context, month: Month, whole: Spent) -> str:
    before, name = _sum(month.before).cost_nanos, ctx.policy.organization.name
    said = {"name": name, "amount": _money(ctx, whole.cost_nanos), "month": ctx.month(month.period.first)}
    if not before:
        return ctx.t("{name}: {amount} spent in {month}", **said)
    change = whole.cost_nanos - before
    share = percent(abs(change), before)
    if change < 0:
        return ctx.t("{name}: {amount} spent in {month}, {percent} % less than the month before", percent=share, **said)
    return ctx.t("{name}: {amount} spent in {month}, {percent} % more than the month before", percent=share, **said)


MOVES = {"grant": N_("Extra budget"), "correction": N_("Corrections"), "rollover": N_("Rolled over")}


def _facts(ctx: Context, month: Month, whole: Spent) -> Iterator[tuple[str, str]]:
    """What was moved, and what is unallocated or has no price."""
    for each in month.moved:
        if each.kind in MOVES:
            yield ctx.t(MOVES[each.kind]), _moved(ctx, each)
    cost = month.shares[-1].spent.cost_nanos
    if cost:
        share = percent(cost, whole.cost_nanos)
        yield ctx.t("Unallocated"), ctx.t("{amount} ({percent} %)", amount=_money(ctx, cost), percent=share)
    for rule in ctx.policy.prices:
        if rule.reserved and _holds(rule, month.period):
            paid = ctx.t("{amount} a month, not in the total", amount=rule.reserved)
            yield ctx.t("Reserved: {models}", models=rule.model or rule.provider), paid
    if whole.tokens_unpriced:
        tokens = ctx.amount(whole.tokens_unpriced, "tokens")
        yield ctx.t("Unpriced"), ctx.t("{tokens}, not in the total", tokens=tokens)


def _holds(rule: PriceRule, period: Period) -> bool:
    return (rule.since is None or rule.since < period.end) and (rule.until is None or rule.until >= period.first)


def _moved(ctx: Context, moved: Moved) -> str:
    added, taken = ctx.amount(moved.added, moved.unit), ctx.amount(moved.taken, moved.unit)
    if moved.kind == "rollover":
        if not moved.taken:
            return ctx.t("{added} into this month", added=added)
        if not moved.added:
            return ctx.t("{taken} out of this month", taken=taken)
        return ctx.t("{added} into this month, {taken} out of it", added=added, taken=taken)
    net = moved.added - moved.taken
    sign = "+" if net > 0 else ""
    return ctx.nt(
        "{n} entry, {amount}",
        "{n} entries, {amount} in total",
        moved.count,
        amount=f"{sign}{ctx.amount(net, moved.unit)}",
    )


def _centers(ctx: Context, month: Month, whole: Spent) -> Table:
    """By cost center, in the order of their names."""
    now, before = _by_center(month.shares), _by_center(month.before)
    rows = [
        (
            _called(ctx, name),
            _money(ctx, now.get(name, 0)),
            ctx.t("{percent} %", percent=percent(now.get(name, 0), whole.cost_nanos)),
            _money(ctx, before.get(name, 0)),
        )
        for name in sorted(now.keys() | before.keys(), key=lambda name: (name == NO_OWNER, name == NO_CENTER, name))
    ]
    kept = 4 if month.before else 3
    heads = (ctx.t("Cost center"), ctx.t("Cost"), ctx.t("Share"), ctx.t("Month before"))
    return Table(ctx.t("By cost center"), heads[:kept], tuple(row[:kept] for row in rows[:ROWS_MAX]), "lrrr"[:kept])


NO_CENTER = N_("No cost center")
NO_OWN = {NO_CENTER: NO_CENTER, NO_TEAM: N_("No team"), NO_OWNER: N_("Unallocated")}
"""How the shares are called that are no team's and no cost center's own."""


def _called(ctx: Context, name: str) -> str:
    return ctx.t(NO_OWN[name]) if name in NO_OWN else name


def _by_center(shares: Sequence[Share]) -> dict[str, int]:
    """What each cost center bears; without anything to bear it does not stand there."""
    sums: dict[str, int] = {}
    for each in shares:
        name = NO_OWNER if each is shares[-1] else each.cost_center or NO_CENTER
        sums[name] = sums.get(name, 0) + each.spent.cost_nanos
    return {name: cost for name, cost in sums.items() if cost}


def _apart(ctx: Context, apart: Sequence[ToldApart]) -> Table:
    """What counts, beside the list price, so that a discount shows, and what is billed after included credits."""

    def amount(parts: int | None, currency: str) -> str:
        return "" if parts is None else ctx.amount(parts, currency)

    rows = tuple(
        (each.provider, *(amount(parts, each.currency) for parts in (each.counted, each.listed, each.billed)))
        for each in apart[:ROWS_MAX]
    )
    heads = (ctx.t("Provider"), ctx.t("Counted"), ctx.t("At list prices"), ctx.t("Billed"))
    return Table(ctx.t("What counts, what the list says and what is billed"), heads, rows, "lrrr")


def _teams(ctx: Context, month: Month) -> Table:
    rows = [
        (_called(ctx, each.team), each.cost_center, _money(ctx, each.spent.cost_nanos))
        for each in month.shares
        if each.spent.cost_nanos or each.spent.tokens
    ]
    rest = len(rows) - ROWS_MAX
    more = ctx.nt("{n} more team, in the file", "{n} more teams, in the file", rest)
    shown = (*rows[:ROWS_MAX], *([(more, "", "")] if rest > 0 else []))
    heads = (ctx.t("Team"), ctx.t("Cost center"), ctx.t("Cost"))
    return Table(ctx.t("By team, without its subteams"), heads, shown, "llr")


def _buttons(ctx: Context, month: Month) -> Iterator[Button]:
    if month.shares[-1].spent.cost_nanos:
        yield Button(ctx.t("Who owns it?"), "link")
    yield Button(ctx.t("By model"), f"spend of organization by model {called_after(month.period.first):%Y-%m}")


def _sum(shares: Sequence[Share]) -> Spent:
    return Spent(
        ORGANIZATION,
        sum(each.spent.cost_nanos for each in shares),
        sum(each.spent.tokens for each in shares),
        sum(each.spent.tokens_unpriced for each in shares),
        sum(each.spent.requests for each in shares),
    )


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)
