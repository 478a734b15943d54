"""The close of a month, for finance: who bears what, what was moved, and what is not known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from babel.dates import format_date

from handlers.access import sees_all
from handlers.arguments import When
from handlers.card import Block, Button, Card, Facts, File, Table, Text
from handlers.context import CLOCK, Context
from handlers.errors import RefusedError
from handlers.money import percent
from handlers.periods import Period, period_of
from handlers.provenance import as_of, late
from storage import comparisons, exports, ledger, people
from storage.exports import Share
from storage.ledger import Moved
from storage.spend import Spent
from storage.tables import ORGANIZATION

DAY = timedelta(days=1)
STARTED = 2 * DAY  # a month whose first days were a weekend is known as well
ROWS_MAX = 30
EXPORTS = ("showback", "focus-1.2", "focus-1.4")


@dataclass(frozen=True, slots=True)
class Month:
    """A month that is over.

    Args:
        period: its days.
        shares: what each team itself spent.
        before: the same of the month before, none if it is not known from its beginning.
        moved: the entries of its periods, by kind and unit.
        late: names of providers that were not read to its end.
    """

    period: Period
    shares: Sequence[Share]
    before: Sequence[Share]
    moved: Sequence[Moved]
    late: Sequence[str]


def close(ctx: Context, period: When = None) -> Card:
    """The close of a month, for finance: by cost centre and team, with files for the books.

    `close` is of the last month, `close october` of another one. Card and files come in a direct message; said by the
    schedule, to everybody in finance.
    """
    if not sees_all(ctx):
        raise RefusedError("The close of a month is for finance and admins.")
    last = period_of(period_of(ctx.today, "month").first - DAY, "month")
    month = period_of(period.first, "month") if period else last
    if (period and period.end != month.end) or month.end > ctx.today:
        raise RefusedError("Only a whole month that is over can be closed, such as: close october")
    key = f"close/{month.first:%Y-%m}"
    if ctx.person.id == CLOCK.id:
        told = [_send(replace(ctx, person=each), month, key) for each in people.people_with_role(ctx.conn, "finance")]
        return Card(f"{sum(told)} of {len(told)} in finance were told of {_name(ctx, month)}")
    card = _card(ctx, _read(ctx, month))
    if not ctx.tell(ctx.person.id, f"{key}/{ctx.now:%Y-%m-%dT%H:%M:%S}", card):
        return replace(card, thread=tuple(block for block in card.thread if not isinstance(block, File)))
    return Card(card.title, (Text("All of it, and the files, are in your direct messages."),))


def _send(theirs: Context, month: Period, key: str) -> bool:
    return theirs.tell(theirs.person.id, key, _card(theirs, _read(theirs, month)))


def _read(ctx: Context, month: Period) -> Month:
    earlier = period_of(month.first - DAY, "month")
    begun = min(comparisons.first_used(ctx.conn, ORGANIZATION).values(), default=month.end)
    return Month(
        month,
        exports.showback(ctx.conn, month.first, month.end),
        exports.showback(ctx.conn, earlier.first, earlier.end) if begun <= earlier.first + STARTED else (),
        ledger.moved(ctx.conn, month.first, month.end),
        [each.provider for each in late(ctx, month.end)],
    )


def _card(ctx: Context, month: Month) -> Card:
    whole = _sum(month.shares)
    blocks: list[Block] = []
    if month.late:
        names = ", ".join(month.late)
        blocks.append(Text(f"Not read to the end of the month yet: {names}. What is missing comes with a later close."))
    facts = tuple(_facts(ctx, month, whole))
    blocks += [Facts(facts)] if facts else []
    blocks += [_centers(ctx, month, whole), *_buttons(month), as_of(ctx, whole.tokens_unpriced)]
    files = (File(f"{each}-{month.period.first:%Y-%m}.csv") for each in EXPORTS)
    thread: list[Block] = [_teams(ctx, month), *files]
    return Card(_title(ctx, month, whole), tuple(blocks), "warn" if month.late else "plain", thread=tuple(thread))


def _title(ctx: Context, month: Month, whole: Spent) -> str:
    before = _sum(month.before).cost_nanos
    spent = f"{_money(ctx, whole.cost_nanos)} spent in {_name(ctx, month.period)}"
    if not before:
        return spent
    change = whole.cost_nanos - before
    return f"{spent}, {percent(abs(change), before)} % {'more' if change >= 0 else 'less'} than the month before"


def _facts(ctx: Context, month: Month, whole: Spent) -> Iterator[tuple[str, str]]:
    """What was moved, and what is nobody's or has no price."""
    names = {"grant": "Granted on top", "correction": "Corrections", "rollover": "Rolled over"}
    for each in month.moved:
        if each.kind in names:
            yield names[each.kind], _moved(ctx, each)
    nobodys = month.shares[-1].spent.cost_nanos
    if nobodys:
        yield "Charged to nobody", f"{_money(ctx, nobodys)} ({percent(nobodys, whole.cost_nanos)} %)"
    if whole.tokens_unpriced:
        yield "Without a price", f"{ctx.amount(whole.tokens_unpriced, 'tokens')}, not in the sum"


def _moved(ctx: Context, moved: Moved) -> str:
    if moved.kind == "rollover":
        parts = [f"{ctx.amount(moved.added, moved.unit)} into it"] if moved.added else []
        parts += [f"{ctx.amount(moved.taken, moved.unit)} out of it"] if moved.taken else []
        return ", ".join(parts)
    net = moved.added - moved.taken
    return f"{moved.count}, {'+' if net > 0 else ''}{ctx.amount(net, moved.unit)} in all"


def _centers(ctx: Context, month: Month, whole: Spent) -> Table:
    """By cost centre, in the order of their names."""
    now, before = _by_center(month.shares), _by_center(month.before)
    rows = [
        (
            name,
            _money(ctx, now.get(name, 0)),
            f"{percent(now.get(name, 0), whole.cost_nanos)} %",
            _money(ctx, before.get(name, 0)),
        )
        for name in sorted(now.keys() | before.keys(), key=lambda name: (name == NOBODYS, name == NO_CENTER, name))
    ]
    kept = 4 if month.before else 3
    heads = ("Cost centre", "Cost", "Share", "Month before")
    return Table("By cost centre", heads[:kept], tuple(row[:kept] for row in rows[:ROWS_MAX]), "lrrr"[:kept])


NO_CENTER, NOBODYS = "No cost centre", "Charged to nobody"


def _by_center(shares: Sequence[Share]) -> dict[str, int]:
    """What each cost centre bears; without anything to bear it does not stand there."""
    sums: dict[str, int] = {}
    for each in shares:
        name = NOBODYS if each is shares[-1] else each.cost_center or NO_CENTER
        sums[name] = sums.get(name, 0) + each.spent.cost_nanos
    return {name: cost for name, cost in sums.items() if cost}


def _teams(ctx: Context, month: Month) -> Table:
    rows = [
        (each.team, each.cost_center, _money(ctx, each.spent.cost_nanos))
        for each in month.shares
        if each.spent.cost_nanos or each.spent.tokens
    ]
    rest = rows[ROWS_MAX:]
    more = [(f"{len(rest)} more, all in the file", "", "")] if rest else []
    return Table(
        "By team, without the teams below it", ("Team", "Cost centre", "Cost"), (*rows[:ROWS_MAX], *more), "llr"
    )


def _buttons(month: Month) -> Iterator[Button]:
    if month.shares[-1].spent.cost_nanos:
        yield Button("Whose is it?", "link")
    yield Button("By model", f"spend of organization by model {month.period.first:%Y-%m}")


def _sum(shares: Sequence[Share]) -> Spent:
    return Spent(
        ORGANIZATION,
        sum(each.spent.cost_nanos for each in shares),
        sum(each.spent.tokens for each in shares),
        sum(each.spent.tokens_unpriced for each in shares),
        sum(each.spent.requests for each in shares),
    )


def _name(ctx: Context, month: Period) -> str:
    return format_date(month.first, "LLLL yyyy", locale=ctx.locale)


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)
