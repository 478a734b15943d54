"""Why it was more, or less: the days beside the mean of equal ones before them, and what drove the change.

The change of each thing (a model's tokens of a kind under a key) is told apart into price, volume and mix, as cost
accountants do: volume is what it would have changed by had all use grown alike, price is what the tokens cost more than
they used to, and mix is the rest: it became a larger or smaller share of the use, or is new, or gone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from handlers.access import TooFewError
from handlers.arguments import When, Whom
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import smallest
from handlers.provenance import as_of, begun_later
from handlers.questions.whose import asked_about, headed, said_of
from handlers.spans import Span
from storage import comparisons, spend
from storage.charges import TOKENS
from storage.comparisons import Consumed
from storage.people import Account

WEEK = 7
WINDOWS = 4
DRIVERS_SHOWN = 3
ALIKE_PERCENT = 5
FEES = "fees"

# What a token of each kind usually costs, in twentieths of an input token, by vendors' public list prices: a read from
# a cache a tenth, a write for five minutes 1.25 times and for an hour twice as much, output five times.
WEIGHTS = dict(zip(TOKENS, (20, 2, 25, 40, 100), strict=True))
NAMES = dict(
    zip(
        TOKENS,
        (N_("input"), N_("cache reads"), N_("cache writes (5 min)"), N_("cache writes (1 h)"), N_("output")),
        strict=True,
    )
)

REASONS = {
    ("price", True): N_("price: more expensive per token ({percent})"),
    ("price", False): N_("price: cheaper per token ({percent})"),
    ("volume", True): N_("volume: more tokens ({percent})"),
    ("volume", False): N_("volume: fewer tokens ({percent})"),
    ("mix", True): N_("mix: a larger share of all tokens (its own tokens {percent})"),
    ("mix", False): N_("mix: a smaller share of all tokens (its own tokens {percent})"),
}

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
        cost_before: what it cost before, on the mean.
        tokens_now: how many.
        tokens_before: how many it was before.
        price: nanos of the change because a token cost more.
        volume: nanos of the change because everything was used more.
        mix: the rest.
    """

    model: str
    kinds: tuple[str, ...]
    besides: tuple[str, ...]
    key: str
    cost_now: int
    cost_before: int
    tokens_now: int
    tokens_before: int
    price: int
    volume: int
    mix: int

    @property
    def change(self) -> int:
        """What it cost more than before; negative for less."""
        return self.cost_now - self.cost_before

    @property
    def reason(self) -> Reason:
        """What the change is mostly due to."""
        if not (self.cost_before or self.tokens_before):
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


def drivers(now: Sequence[Cell], before: Sequence[Cell], windows: int = 1) -> list[Driver]:
    """What drove the change, the largest first. All changes add up to the total change exactly.

    Args:
        now: the cells of the days that are explained.
        before: the cells of the windows they are compared with, all together.
        windows: how many windows those are; what was before is their mean, rounded down to the nano.
    """
    new, old = _summed(now), _summed(before)
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
            sum(each.cost_before for each in group),
            sum(each.tokens_now for each in group),
            sum(each.tokens_before for each in group),
            sum(each.price for each in group),
            sum(each.volume for each in group),
            sum(each.mix for each in group),
        )


# The command ---------------------------------------------------------------------------------------------------------


def why(ctx: Context, whom: Whom = None, period: When = None) -> Card:
    """Why you spent more or less than before, and what caused the largest changes.

    Compares the last seven full days, or the days you name, with up to four equal periods before them: “why”,
    “why last week”, “why of team search october”.
    """
    account = asked_about(ctx, whom, "why of team search")
    span = _span(ctx, period)
    if ctx.only is not None:
        raise TooFewError("You see totals of groups, and not what changed in them. Say: spend of organization by team")
    seen = compared(ctx, account, span)
    title = _title(ctx, span, seen) if seen.windows else _spent(ctx, span, seen.found)
    unpriced = spend.spent_by(ctx.conn, account.id, span.first, span.end, "provider")
    provenance = as_of(ctx, sum(each.tokens_unpriced for each in unpriced))
    partly = begun_later(ctx, span.first) if seen.windows else ()
    blocks = (*explained(ctx, seen), *partly, provenance, *_buttons(ctx, account))
    return Card(headed(ctx, account, title), blocks)


@dataclass(frozen=True, slots=True)
class Compared:
    """Some days beside those before.

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
    before = sum(each.cost_before for each in seen.found)
    first = seen.found[0] if seen.windows and seen.found else None
    if first is None or abs(first.change) * 100 <= ALIKE_PERCENT * before:
        return ""
    return ctx.t(
        "{model} {change} compared with the weeks before, {reason}",
        model=first.model or ctx.t("no name"),
        change=_signed(ctx, first.change),
        reason=_because(ctx, seen.span, first, seen.begun),
    )


def _span(ctx: Context, period: Span | None) -> Span:
    """The days to explain: full ones only, so that they can be compared."""
    until = comparisons.whole_before(ctx.readings(), ctx.today)
    last = ctx.day(until - _DAY)
    if period is None:
        label = ctx.t("in the last 7 days") if until == ctx.today else ctx.t("in the 7 days to {day}", day=last)
        return Span(until - WEEK * _DAY, until, label)
    if period.first >= until:
        raise RefusedError("Only full days can be compared, and the last one is {day}. Say earlier days.", day=last)
    if period.end > until:
        return Span(period.first, until, ctx.t("{period} to {day}", period=period.label, day=last))
    return period


def _windows(span: Span, begun: date) -> list[tuple[date, date]]:
    """The equal stretches before, the latest first: each begins on the same weekday, and after use has begun.

    One that use had missed by a weekend counts.
    """
    length = span.end - span.first
    step = -(-length.days // WEEK) * WEEK
    known = (span.first - begun).days + 2
    firsts = [span.first - number * step * _DAY for number in range(1, WINDOWS + 1) if number * step <= known]
    return [(first, first + length) for first in firsts]


def _cells(ctx: Context, account: Account, windows: Sequence[tuple[date, date]]) -> list[Cell]:
    """What was used; keys only of what is one's own, for a key of a group is a person."""
    keys = account.kind in ("person", "agent") and account.owner_id == ctx.person.id
    return [
        cell
        for first, end in windows
        for cell in apportion(comparisons.consumed(ctx.conn, account.id, first, end, keys=keys))
    ]


def _title(ctx: Context, span: Span, seen: Compared) -> str:
    change, before = sum(each.change for each in seen.found), sum(each.cost_before for each in seen.found)
    said = {"amount": _total(ctx, seen.found), "change": _money(ctx, abs(change)), "period": span.label}
    if abs(change) * 100 <= ALIKE_PERCENT * before:
        return ctx.t("{amount} spent {period}, as before", **said)
    if change > 0:
        return ctx.t("{change} more than before: {amount} spent {period}", **said)
    return ctx.t("{change} less than before: {amount} spent {period}", **said)


def _spent(ctx: Context, span: Span, found: Sequence[Driver]) -> str:
    return ctx.t("{amount} spent {period}", amount=_total(ctx, found), period=span.label)


def _explained(
    ctx: Context, span: Span, windows: Sequence[tuple[date, date]], found: Sequence[Driver], begun: dict[str, date]
) -> Iterator[Block]:
    if not found:
        yield Text(ctx.t("No usage was reported for these days, nor for the days they are compared with."))
        return
    shown = [each for each in found[:DRIVERS_SHOWN] if each.change]
    before = (ctx.t("Before"), _before(ctx, span, windows, found))
    yield Facts((before, *(_effects(ctx, found) if shown else ())))
    if len(windows) < WINDOWS:
        yield Text(ctx.t("There is little history, so the average is a rough one."))
    if shown:
        yield _table(ctx, span, shown, found[len(shown) :], begun)
    if any(each.besides for each in shown):
        yield Text(
            ctx.t("The cost of each kind of token is an estimate by usual list prices; sums are as reported."),
            quiet=True,
        )


def _unexplained(ctx: Context, span: Span, begun: dict[str, date]) -> Iterator[Block]:
    if not begun:
        yield Text(ctx.t("No usage has been reported so far."))
        return
    days = (span.end - span.first).days
    yield Text(
        ctx.nt(
            "There is too little history to say why: usage begins on {first}, and a day is compared with equal days "
            "before it.",
            "There is too little history to say why: usage begins on {first}, and {n} days are compared with the {n} "
            "days before them.",
            days,
            first=ctx.day(min(begun.values())),
        )
    )


def _before(ctx: Context, span: Span, windows: Sequence[tuple[date, date]], found: Sequence[Driver]) -> str:
    days = (span.end - span.first).days
    amount, times = _money(ctx, sum(each.cost_before for each in found)), len(windows)
    if days == WEEK:
        return ctx.nt(
            "{amount}, as in the week before",
            "{amount}, the average of the {n} weeks before",
            times,
            amount=amount,
        )
    if days % WEEK == 0:
        return ctx.nt(
            "{amount}, the average of {times} × {n} day before",
            "{amount}, the average of {times} × {n} days before",
            days,
            amount=amount,
            times=times,
        )
    return ctx.nt(
        "{amount}, the average of {times} × {n} day before, on the same weekdays",
        "{amount}, the average of {times} × {n} days before, on the same weekdays",
        days,
        amount=amount,
        times=times,
    )


def _effects(ctx: Context, found: Sequence[Driver]) -> Iterator[tuple[str, str]]:
    volume, mix, price = (sum(getattr(each, name) for each in found) for name in ("volume", "mix", "price"))
    yield ctx.t("Volume"), _effect(ctx, volume, N_("{change} because of more use"), N_("{change} because of less use"))
    yield (
        ctx.t("Mix"),
        _effect(
            ctx,
            mix,
            N_("{change} because of a more expensive mix"),
            N_("{change} because of a cheaper mix"),
        ),
    )
    yield (
        ctx.t("Price"),
        _effect(
            ctx,
            price,
            N_("{change} because of more expensive tokens"),
            N_("{change} because of cheaper tokens"),
        ),
    )


def _effect(ctx: Context, nanos: int, rising: str, falling: str) -> str:
    if abs(nanos) < smallest(ctx.policy.organization.currency):
        return ctx.t("as before")
    return ctx.t(rising if nanos > 0 else falling, change=_signed(ctx, nanos))


def _table(ctx: Context, span: Span, shown: Sequence[Driver], rest: Sequence[Driver], begun: dict[str, date]) -> Table:
    several = len({each.key for each in (*shown, *rest)}) > 1
    rows = [
        (
            _name(ctx, each, several=several),
            _signed(ctx, each.change),
            _money(ctx, each.cost_now),
            _because(ctx, span, each, begun),
        )
        for each in shown
    ]
    if rest:
        change, cost = sum(each.change for each in rest), sum(each.cost_now for each in rest)
        rows.append((ctx.t("everything else"), _signed(ctx, change), _money(ctx, cost), ""))
    columns = (ctx.t("Model"), ctx.t("Change"), ctx.t("Now"), ctx.t("Reason"))
    return Table(ctx.t("What changed most"), columns, tuple(rows), "lrrl")


def _name(ctx: Context, driver: Driver, *, several: bool) -> str:
    parts = [driver.model or ctx.t("no name")]
    if several:
        parts.append(ctx.t("key …{key}", key=driver.key[-8:]) if driver.key else ctx.t("no key"))
    kinds, besides = ([_kind(ctx, kind) for kind in some] for some in (driver.kinds, driver.besides))
    if besides:
        parts += [ctx.t("all except {kinds}", kinds=ctx.listed(besides))] if len(besides) < len(kinds) else kinds
    return ctx.listed(parts)


def _kind(ctx: Context, kind: str) -> str:
    return ctx.t(NAMES[kind]) if kind in NAMES else kind


def _because(ctx: Context, span: Span, driver: Driver, begun: dict[str, date]) -> str:
    if driver.kinds == (FEES,):
        return ctx.t("costs without tokens")
    tokens = _percent(ctx, driver.tokens_now, driver.tokens_before)
    match driver.reason:
        case "new":
            first = begun.get(driver.model, span.first)
            if first < span.first:
                return ctx.t("not used in the weeks before")
            return ctx.t("first used on {day}", day=ctx.day(first))
        case "gone":
            return ctx.t("no longer used")
        case "price":
            tokens = _percent(ctx, driver.cost_now, driver.cost_now - driver.price)
        case "volume" | "mix":
            pass
    return ctx.t(REASONS[driver.reason, driver.change > 0], percent=tokens)


def _percent(ctx: Context, now: int, before: int) -> str:
    if before <= 0:
        return ctx.t("new")
    change = (200 * (now - before) + before) // (2 * before)
    return ctx.percent(f"{'+' if change > 0 else ''}{change}")


def _total(ctx: Context, found: Sequence[Driver]) -> str:
    return _money(ctx, sum(each.cost_now for each in found))


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)


def _signed(ctx: Context, nanos: int) -> str:
    return f"{'+' if nanos > 0 else ''}{_money(ctx, nanos)}"


def _buttons(ctx: Context, account: Account) -> Iterator[Button]:
    of = said_of(ctx, account)
    yield Button(ctx.t("Day by day"), f"spend{of} by day")
    yield Button(ctx.t("Where will it end?"), f"forecast{of}")
