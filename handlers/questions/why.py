"""Why it was more, or less: the days against the usual, and what drove the change.

The change of each thing (a model's tokens of a kind under a key) is told apart into price, volume and mix, as cost
accountants do: volume is what it would have changed by had all use grown alike, price is what the tokens cost more than
they used to, and mix is the rest: it became a larger or smaller share of the use, or is new, or gone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from handlers.arguments import When, Whom
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.days import Span
from handlers.errors import RefusedError
from handlers.provenance import as_of
from storage import comparisons, spend
from storage.charges import TOKENS
from storage.comparisons import Consumed
from storage.people import Account

WEEK = 7
WINDOWS = 4
DRIVERS_SHOWN = 3
AS_USUAL_PERCENT = 5
FEES = "fees"

# What a token of each kind usually costs, in twentieths of an input token, by vendors' public list prices: a read from
# a cache a tenth, a write for five minutes 1.25 times and for an hour twice as much, output five times.
WEIGHTS = dict(zip(TOKENS, (20, 2, 25, 40, 100), strict=True))
NAMES = dict(zip(TOKENS, ("input", "cache reads", "cache writes (5 min)", "cache writes (1 h)", "output"), strict=True))

_DAY = timedelta(days=1)

Reason = Literal["price", "volume", "mix", "new", "gone"]


# The kernel: plain data in, plain data out ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """What was used of one thing.

    Args:
        model: as reported.
        kind: the kind of token, FEES for what costs without tokens.
        key: the provider's id of the key, "" if keys are not told apart.
        tokens: how many.
        cost_nanos: what they cost.
    """

    model: str
    kind: str
    key: str
    tokens: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class Driver:
    """One thing's part in the change. Its effects add up to its change exactly.

    Args:
        model: as reported.
        kinds: the kinds of tokens that changed the same way for the same reason.
        besides: the other kinds of the same model and key.
        key: the provider's id of the key, or "".
        cost_now: what it cost.
        cost_usual: what it usually costs.
        tokens_now: how many.
        tokens_usual: how many it usually is.
        price: nanos of the change because a token cost more.
        volume: nanos of the change because everything was used more.
        mix: the rest.
    """

    model: str
    kinds: tuple[str, ...]
    besides: tuple[str, ...]
    key: str
    cost_now: int
    cost_usual: int
    tokens_now: int
    tokens_usual: int
    price: int
    volume: int
    mix: int

    @property
    def change(self) -> int:
        """What it cost more than usual; negative for less."""
        return self.cost_now - self.cost_usual

    @property
    def reason(self) -> Reason:
        """What the change is mostly due to."""
        if not (self.cost_usual or self.tokens_usual):
            return "new"
        if not (self.cost_now or self.tokens_now):
            return "gone"
        by_tokens = self.volume + self.mix
        if abs(self.price) >= abs(by_tokens) or (by_tokens > 0) != (self.change > 0):
            return "price"
        return "volume" if (self.volume > self.mix) == (by_tokens > 0) else "mix"


def apportion(rows: Sequence[Consumed]) -> list[Cell]:
    """The cost of each model and key, apportioned over its kinds of tokens by WEIGHTS.

    Providers report a cost for a model's tokens together, not for each kind; so a kind's cost is an estimate, and their
    sum is not.
    """
    cells = []
    for row in rows:
        weighed = [
            (kind, count, count * WEIGHTS[kind]) for kind, count in zip(TOKENS, row.tokens, strict=True) if count
        ]
        whole = sum(weight for _, _, weight in weighed)
        if not whole and row.cost_nanos:
            cells.append(Cell(row.model, FEES, row.key, 0, row.cost_nanos))
        past = 0
        for kind, count, weight in weighed:
            cost = row.cost_nanos * (past + weight) // whole - row.cost_nanos * past // whole
            cells.append(Cell(row.model, kind, row.key, count, cost))
            past += weight
    return cells


def drivers(now: Sequence[Cell], usual: Sequence[Cell], windows: int = 1) -> list[Driver]:
    """What drove the change, the largest first. All changes add up to the total change exactly.

    Args:
        now: the cells of the days that are explained.
        usual: the cells of the windows they are compared with, all together.
        windows: how many windows those are; the usual is their mean, rounded down to the nano.
    """
    new, old = _summed(now), _summed(usual)
    use = sum(tokens * WEIGHTS.get(thing[1], 0) for thing, (tokens, _) in new.items()) * windows
    use_old = sum(tokens * WEIGHTS.get(thing[1], 0) for thing, (tokens, _) in old.items())
    found = []
    past = 0
    for thing in sorted(new.keys() | old.keys()):
        tokens, cost = new.get(thing, (0, 0))
        tokens_old, cost_old = old.get(thing, (0, 0))
        mean = (past + cost_old) // windows - past // windows
        past += cost_old
        priced = tokens > 0 and tokens_old > 0
        price = cost - cost_old * tokens // tokens_old if priced else 0
        volume = cost_old * (use - use_old) // (use_old * windows) if tokens_old > 0 and use_old else 0
        mix = cost - mean - price - volume
        model, kind, key = thing
        found.append(Driver(model, (kind,), (), key, cost, mean, tokens, tokens_old // windows, price, volume, mix))
    return sorted(_merged(found), key=lambda driver: (-abs(driver.change), driver.model, driver.kinds, driver.key))


def _summed(cells: Sequence[Cell]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Tokens and cost of each thing, by (model, kind, key)."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for cell in cells:
        tokens, cost = sums.get((cell.model, cell.kind, cell.key), (0, 0))
        sums[cell.model, cell.kind, cell.key] = tokens + cell.tokens, cost + cell.cost_nanos
    return sums


def _merged(found: Sequence[Driver]) -> Iterator[Driver]:
    """The drivers, those kinds of a model and key together that changed the same way for the same reason."""
    groups: dict[tuple[str, str, Reason, bool], list[Driver]] = {}
    for each in found:
        groups.setdefault((each.model, each.key, each.reason, each.change > 0), []).append(each)
    for (model, key, _, _), group in groups.items():
        yield Driver(
            model,
            tuple(each.kinds[0] for each in group),
            tuple(each.kinds[0] for each in found if (each.model, each.key) == (model, key) and each not in group),
            key,
            sum(each.cost_now for each in group),
            sum(each.cost_usual for each in group),
            sum(each.tokens_now for each in group),
            sum(each.tokens_usual for each in group),
            sum(each.price for each in group),
            sum(each.volume for each in group),
            sum(each.mix for each in group),
        )


# The command ---------------------------------------------------------------------------------------------------------


def why(ctx: Context, whom: Whom = None, period: When = None) -> Card:
    """Why it was more or less than usual: the largest drivers of the change.

    Compares the last seven whole days, or the days you say, with the four equal stretches before them: `why`,
    `why last week`, `why of team search october`.
    """
    account = whom or ctx.account(ctx.account_id)
    if account is None:
        raise RefusedError("You have no account of your own. Say whose figures you mean, such as: why of team search")
    span = _span(ctx, period)
    seen = compared(ctx, account, span)
    title = _title(ctx, span, seen.found) if seen.windows else f"{_total(ctx, seen.found)} spent {span.label}"
    whose = "" if account.id == ctx.account_id else f"{account.name}: "
    unpriced = spend.spent_by(ctx.conn, account.id, span.first, span.end, "provider")
    provenance = as_of(ctx, sum(each.tokens_unpriced for each in unpriced))
    return Card(f"{whose}{title}", (*explained(ctx, seen), provenance, *_buttons(ctx, account)))


@dataclass(frozen=True, slots=True)
class Compared:
    """Some days beside the usual.

    Args:
        span: the days.
        windows: those that they are compared with, none if the history is too short.
        found: what drove the change, the largest first.
        begun: the first day on which each model was used.
    """

    span: Span
    windows: Sequence[tuple[date, date]]
    found: Sequence[Driver]
    begun: dict[str, date]


def compared(ctx: Context, account: Account, span: Span) -> Compared:
    """Compare whole days with the equal stretches before them, up to four."""
    begun = comparisons.first_used(ctx.conn, account.id)
    windows = _windows(span, min(begun.values(), default=span.end))
    now = _cells(ctx, account, [(span.first, span.end)])
    return Compared(span, windows, drivers(now, _cells(ctx, account, windows), max(1, len(windows))), begun)


def explained(ctx: Context, seen: Compared) -> Iterator[Block]:
    """What drove the change, or why that cannot be said."""
    if seen.windows:
        yield from _explained(ctx, seen.span, seen.windows, seen.found, seen.begun)
    else:
        yield from _unexplained(ctx, seen.span, seen.begun)


def in_a_line(ctx: Context, seen: Compared) -> str:
    """The largest driver and its reason, "" if there is none worth a word."""
    usual = sum(each.cost_usual for each in seen.found)
    first = seen.found[0] if seen.windows and seen.found else None
    if first is None or abs(first.change) * 100 <= AS_USUAL_PERCENT * usual:
        return ""
    name = first.model or "not named"
    return f"{name} {_signed(ctx, first.change)} against the usual, {_because(ctx, seen.span, first, seen.begun)}"


def _span(ctx: Context, period: Span | None) -> Span:
    """The days to explain: whole ones only, so that they can be compared."""
    until = comparisons.whole_until(ctx.conn, ctx.today)
    if period is None:
        label = "in the last 7 days" if until == ctx.today else f"in the 7 days to {ctx.day(until - _DAY)}"
        return Span(until - WEEK * _DAY, until, label)
    if period.first >= until:
        raise RefusedError(f"I compare whole days, and the last one is {ctx.day(until - _DAY)}. Say earlier days.")
    if period.end > until:
        return Span(period.first, until, f"{period.label} to {ctx.day(until - _DAY)}")
    return period


def _windows(span: Span, begun: date) -> list[tuple[date, date]]:
    """The equal stretches before, the latest first: each begins on the same weekday, and after use has begun.

    One that use had missed by a weekend counts.
    """
    length = span.end - span.first
    step = -(-length.days // WEEK) * WEEK * _DAY
    firsts = [span.first - number * step for number in range(1, WINDOWS + 1)]
    return [(first, first + length) for first in firsts if begun <= first + 2 * _DAY]


def _cells(ctx: Context, account: Account, windows: Sequence[tuple[date, date]]) -> list[Cell]:
    """What was used; keys only of what is one's own, for a key of a group is a person."""
    keys = account.kind in ("person", "agent") and account.owner_id == ctx.person.id
    return [
        cell
        for first, end in windows
        for cell in apportion(comparisons.consumed(ctx.conn, account.id, first, end, keys=keys))
    ]


def _title(ctx: Context, span: Span, found: Sequence[Driver]) -> str:
    change, usual = sum(each.change for each in found), sum(each.cost_usual for each in found)
    spent = f"{_total(ctx, found)} spent {span.label}"
    if abs(change) * 100 <= AS_USUAL_PERCENT * usual:
        return f"{spent}, as usual"
    return f"{_money(ctx, abs(change))} {'more' if change > 0 else 'less'} than usual: {spent}"


def _explained(
    ctx: Context, span: Span, windows: Sequence[tuple[date, date]], found: Sequence[Driver], begun: dict[str, date]
) -> Iterator[Block]:
    if not found:
        yield Text("Nothing was reported for these days, nor for those they are compared with.")
        return
    shown = [each for each in found[:DRIVERS_SHOWN] if each.change]
    yield Facts((("Usual", _usual(ctx, span, windows, found)), *(_effects(ctx, found) if shown else ())))
    if len(windows) < WINDOWS:
        yield Text("The history is short, so the usual is a rough one.")
    if shown:
        yield _table(ctx, span, shown, found[len(shown) :], begun)
    if any(each.besides for each in shown):
        yield Text("What a kind of token cost is apportioned by usual list prices; sums are as reported.", quiet=True)


def _unexplained(ctx: Context, span: Span, begun: dict[str, date]) -> Iterator[Block]:
    if not begun:
        yield Text("Nothing was reported so far.")
        return
    days = (span.end - span.first).days
    yield Text(
        f"The history is too short to say why: usage begins on {ctx.day(min(begun.values()))}, and I compare with "
        f"{'the day' if days == 1 else f'the {days} days'} before, up to four times."
    )


def _usual(ctx: Context, span: Span, windows: Sequence[tuple[date, date]], found: Sequence[Driver]) -> str:
    days = (span.end - span.first).days
    same = "" if days % WEEK == 0 else ", on the same weekdays"
    mean = f"the mean of {len(windows)} × {days} {'day' if days == 1 else 'days'} before{same}"
    return f"{_money(ctx, sum(each.cost_usual for each in found))}, {mean}"


def _effects(ctx: Context, found: Sequence[Driver]) -> Iterator[tuple[str, str]]:
    yield "Volume", _effect(ctx, sum(each.volume for each in found), "more use", "less use")
    yield "Mix", _effect(ctx, sum(each.mix for each in found), "a dearer mix", "a cheaper mix")
    yield "Price", _effect(ctx, sum(each.price for each in found), "dearer tokens", "cheaper tokens")


def _effect(ctx: Context, nanos: int, rising: str, falling: str) -> str:
    if _money(ctx, abs(nanos)) == _money(ctx, 0):
        return "as usual"
    return f"{_signed(ctx, nanos)} by {rising if nanos > 0 else falling}"


def _table(ctx: Context, span: Span, shown: Sequence[Driver], rest: Sequence[Driver], begun: dict[str, date]) -> Table:
    several = len({each.key for each in (*shown, *rest)}) > 1
    rows = [
        (
            _name(each, several=several),
            _signed(ctx, each.change),
            _money(ctx, each.cost_now),
            _because(ctx, span, each, begun),
        )
        for each in shown
    ]
    if rest:
        change, cost = sum(each.change for each in rest), sum(each.cost_now for each in rest)
        rows.append(("everything else", _signed(ctx, change), _money(ctx, cost), ""))
    return Table("What drove it", ("What", "Change", "Now", "Because"), tuple(rows), "lrrl")


def _name(driver: Driver, *, several: bool) -> str:
    parts = [driver.model or "not named"]
    parts += [f"key …{driver.key[-8:]}" if driver.key else "no key"] if several else []
    kinds, besides = ([NAMES.get(kind, kind) for kind in some] for some in (driver.kinds, driver.besides))
    if besides:
        parts += [f"all but {' and '.join(besides)}"] if len(besides) < len(kinds) else kinds
    return ", ".join(parts)


def _because(ctx: Context, span: Span, driver: Driver, begun: dict[str, date]) -> str:
    if driver.kinds == (FEES,):
        return "costs without tokens"
    rising = driver.change > 0
    tokens = _percent(driver.tokens_now, driver.tokens_usual)
    match driver.reason:
        case "new":
            first = begun.get(driver.model, span.first)
            return f"first used on {ctx.day(first)}" if first >= span.first else "not used in the weeks before"
        case "gone":
            return "no longer used"
        case "price":
            rate = _percent(driver.cost_now, driver.cost_now - driver.price)
            return f"price: {'dearer' if rising else 'cheaper'} per token ({rate})"
        case "volume":
            return f"volume: {'more' if rising else 'fewer'} tokens ({tokens})"
        case "mix":
            return f"mix: a {'larger' if rising else 'smaller'} share of all tokens (its own {tokens})"


def _percent(now: int, usual: int) -> str:
    if usual <= 0:
        return "new"
    change = (200 * (now - usual) + usual) // (2 * usual)
    return f"{'+' if change > 0 else ''}{change} %"


def _total(ctx: Context, found: Sequence[Driver]) -> str:
    return _money(ctx, sum(each.cost_now for each in found))


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)


def _signed(ctx: Context, nanos: int) -> str:
    return f"{'+' if nanos > 0 else ''}{_money(ctx, nanos)}"


def _buttons(ctx: Context, account: Account) -> Iterator[Button]:
    of = "" if account.id == ctx.account_id else f" of {account.id.replace('/', ' ')}"
    yield Button("Day by day", f"spend{of} by day")
    yield Button("Where will it end?", f"forecast{of}")
