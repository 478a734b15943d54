"""Limits that the past suggests: what most people of a group spend, with a floor, or what a bound allows.

A person's own limit stops them when their period comes to more than it. So how many are stopped by a cap, and what they
do not spend, is plain arithmetic on the totals of periods; `try` then tells it with pools and all else.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from handlers.access import GROUP_MIN, sees_all
from handlers.amounts import split_words
from handlers.arguments import Rest
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import percent
from handlers.planning.cards import limits_table, rules_file, whose
from handlers.planning.history import History, load
from handlers.planning.proposal import (
    BASES,
    Basis,
    Caps,
    Reading,
    Window,
    budget_period,
    default_whom,
    units_said,
    usual_budget,
    window_of,
)
from handlers.planning.suggestion import (
    Group,
    cap_of,
    capped,
    groups,
    percentile,
    rounded_up,
    rules_of,
    spent_by_period,
    with_amount,
)
from handlers.policy import Budget
from handlers.provenance import as_of
from storage.tables import ORGANIZATION

PERCENTILES = (50, 75, 90, 95, 99)
USUAL_PERCENT, USUAL_TIMES = 90, Decimal("1.2")
FLOOR_USD = 100
"""What guides name as the least that is worth a limit a month, for light use."""
STEPS = 400
STEP = Decimal("0.05")
DAYS_MIN = 14
"""On so many days an agent must have been active for a limit of a day."""
LINES_MAX = 20
DAY = timedelta(days=1)
EXAMPLE = N_("suggest limits for every person at most 5 stopped a month")
FILLERS = (
    "limits",
    "limit",
    "caps",
    "for",
    "a",
    "by",
    "per",
    "each",
    "month",
    "people",
    "persons",
    "stopped",
    "stops",
    "every",
)
AS_FILE = ("yaml", "file")
BESIDE = N_("For budgets in app.yaml, beside those that are there.")
INSTEAD = N_("In the place of all budgets named “{name}” in app.yaml.")
SPREAD: Mapping[Basis, str] = {
    "team": N_("Suggested for every person: {least} to {most}, by team"),
    "group": N_("Suggested for every person: {least} to {most}, by group"),
}
ENOUGH_FOR: Mapping[Basis, str] = {
    "team": N_("{percent} % of each team"),
    "group": N_("{percent} % of each group"),
    "company": N_("{percent} % of all people"),
}
HOW: Mapping[Basis, str] = {
    "team": N_("what {percent} % of the periods of a team came to, times {times}, at least {floor}"),
    "group": N_("what {percent} % of the periods of a group came to, times {times}, at least {floor}"),
    "company": N_("what {percent} % of the periods of all people came to, times {times}, at least {floor}"),
}


@dataclass(frozen=True, slots=True)
class Comes:
    """What caps come to: the least and the most of them, whom they stop, and what is not spent."""

    least: int
    most: int
    stopped: int
    stops_a_period: int
    unserved: int
    spent: int


@dataclass(frozen=True, slots=True)
class Suggested:
    """What is suggested.

    Args:
        title: in a line.
        how: how it was found, in a line.
        reasons: what it rests on.
        rules: of app.yaml, in their order.
        said: where they belong there.
        shown: the same to be read.
        steps: what to do next.
    """

    title: str
    how: str
    reasons: tuple[Block, ...]
    rules: Sequence[Budget]
    said: str
    shown: tuple[Block, ...] = ()
    steps: tuple[Block, ...] = ()


class _Asked(Reading):
    """What was asked for: the words of a trial about whom and when, and bounds."""

    def __init__(self, ctx: Context, words: Sequence[str]) -> None:
        super().__init__(ctx, words)
        self.kind = "person"
        self.stops_most: int | None = None
        self.total: int | None = None
        self.floor: int | None = None
        self.by: Basis = "team"
        self.as_file = False
        self.unit = ctx.policy.organization.currency

    def step(self) -> bool:
        """Understand what stands in front."""
        word = self.next()
        if word in ("in", "of", "for") and len(self.words) > 1 and self.words[1].lower() in ("team", "my"):
            self.words[0] = "of"
            return super().step()
        if word == "as":
            return self._file()
        if word in FILLERS:
            self.skip(1)
        elif word.removesuffix("s") in BASES:
            self.by = BASES[self.word().lower().removesuffix("s")]
        elif word in ("person", "agent", "agents"):
            self.kind = self.word().lower().removesuffix("s")
        elif word in ("over", "last", "past", "since", "from", "during", "of", ",", "and"):
            return super().step()
        else:
            return self._bound(word)
        return True

    def _bound(self, word: str) -> bool:
        """How many may be stopped, or what may be spent."""
        if word == "at" and [each.lower() for each in self.words[1:2]] == ["most"]:
            self.skip(2)
            number = self.word() if self.words else ""
            if not number.isdecimal():
                raise RefusedError("Say how many people may be stopped a month, such as: at most 5")
            self.stops_most = int(number[:6])
            return True
        if word not in ("total", "floor"):
            return False
        self.skip(1)
        taken = self.amount_in_front() if self.words else None
        if taken is None:
            raise RefusedError("Say an amount, such as: {word} 20000", word=word)
        self.skip(taken[1])
        amount = units_said(taken[0], self.unit)
        self.total, self.floor = (amount, self.floor) if word == "total" else (self.total, amount)
        return True

    def _file(self) -> bool:
        said = [each.lower().strip(",") for each in self.words[1:3]]
        self.as_file = bool(said) and said[-1 if said[0] == "a" else 0] in AS_FILE
        self.skip(3 if said[:1] == ["a"] else 2)
        if not self.as_file:
            raise RefusedError("It is a file for app.yaml. Say: suggest as yaml")
        return True


def suggest(ctx: Context, what: Rest = "") -> Card:
    """Limits that the past suggests, to try and to put into app.yaml: “suggest limits for every person”.

    Each team of five and more gets its own: what nine of ten of its months came to, times 1.2, at least a floor. Say
    “suggest limits by group” for groups and roles, “by company” for one that is the same for all. Ask it the other way
    round, too: “suggest at most 5 stopped a month”, “suggest total 20000 USD”. For agents it suggests limits of a day:
    “suggest limits for every agent”. “suggest as yaml” sends you all lines as a file.
    """
    asked = _Asked(ctx, split_words(what))
    while asked.words:
        if not asked.step():
            raise RefusedError(
                "I don't understand “{word}”. Say it like this: {example}",
                word=asked.words[0],
                example=ctx.t(EXAMPLE),
            )
    whom = asked.whom or default_whom(ctx)
    if whom.kind not in ("organization", "team"):
        raise RefusedError("Limits are suggested for a team or for everybody, such as: suggest limits of team search")
    base = usual_budget(ctx) if asked.kind == "person" else usual_budget(ctx, "every agent")
    window = window_of(ctx, asked, base.every)
    history = load(ctx, whom.id, window.first, window.end)
    found = _of_agents(ctx, base, history) if asked.kind == "agent" else _of_people(ctx, asked, base, history, window)
    note = as_of(ctx, history.tokens_unpriced, window.first, window.end)
    if asked.as_file:
        return _as_file(ctx, found, base, note)
    groups_too = _by_group(ctx, asked, history, what)
    belong = _for_app_yaml(ctx, found, base, what)
    return Card(found.title, (*found.reasons, *found.shown, *belong, *found.steps, *groups_too, note))


def _for_app_yaml(ctx: Context, found: Suggested, base: Budget, says: str) -> Iterator[Block]:
    """Where the rules belong, and all of them as a file: lines of YAML are to be pasted, not to be read."""
    yield Text(ctx.t(found.said, name=base.name))
    yield Button(ctx.t("Lines for app.yaml"), f"{f'suggest {says}'.strip()} as yaml")


def _as_file(ctx: Context, found: Suggested, base: Budget, note: Text) -> Card:
    """All rules as a file; what is said of them stands in it as remarks."""
    remarks = (found.title, found.how, ctx.t(found.said, name=base.name), note.text)
    return rules_file(ctx, found.title, f"suggested {base.name}", remarks, found.rules)


# People ---------------------------------------------------------------------------------------------------------------


def _of_people(ctx: Context, asked: _Asked, base: Budget, history: History, window: Window) -> Suggested:
    found = groups(ctx.policy, ctx.policy.budgets, base, history, asked.by)
    if not found:
        raise RefusedError("Nobody spent anything in a whole period, so nothing can be suggested.")
    floor = asked.floor if asked.floor is not None else _usual_floor(ctx, base)
    periods = _periods(ctx, window)
    change = Caps(base.name, USUAL_PERCENT, asked.by, USUAL_TIMES, floor)
    stops_most, total = asked.stops_most, asked.total
    if stops_most is not None:
        change = _least_times(change, lambda one: comes_to(one, found, base.unit, periods).stops_a_period <= stops_most)
    elif total is not None:
        spent = comes_to(change, found, base.unit, periods).spent // max(1, periods)
        if spent <= total:
            raise RefusedError(
                "They spent {amount} a period, so such a total needs no limits. Say a smaller total.",
                amount=ctx.estimate(spent, base.unit),
            )
        change = _most_times(change, lambda one: _served(comes_to(one, found, base.unit, periods), periods) <= total)
    chosen = comes_to(change, found, base.unit, periods)
    facts = Facts(tuple(_facts(ctx, change, chosen, found, base, window, history)))
    said = f"try {base.name} p{change.percent} of {change.of} times {change.times:f} floor {_plain(change.floor, base)}"
    rules, belong = rules_of(base, change, found), BESIDE
    if history.above == ORGANIZATION and sees_all(ctx):
        made = capped(ctx.policy.budgets, base, change, found, history)
        rules = [each for each in made if each.name == base.name]
        belong = INSTEAD
    advice = ctx.t(
        "Begin with the next period: first as shadow, then soft, then hard. Look again after 90 days. What people "
        "spend is taken as it is, whether it is well spent or not."
    )
    return Suggested(
        _title(ctx, change, base, chosen),
        dict(facts.facts)[ctx.t("How")],
        (facts, *_without_groups(ctx, asked, found), _choices(ctx, replace(change, floor=floor), found, base, periods)),
        rules,
        belong,
        tuple(limits_table(ctx, rules, history, LINES_MAX)),
        (Text(advice, quiet=True), Button(ctx.t("Try them"), f"{said}{whose(history.accounts[history.above])}")),
    )


def _without_groups(ctx: Context, asked: _Asked, found: Sequence[Group]) -> Iterator[Text]:
    """Why all get the same though they were asked for by group."""
    if asked.by == "group" and [each.who for each in found] == ["every person"]:
        yield Text(ctx.t("No group has five people of whom enough is known, so the limit is the same for all."))


def _by_group(ctx: Context, asked: _Asked, history: History, says: str) -> Iterator[Button]:
    """Where groups of people are known, limits may be made of these instead."""
    sizes = Counter(group for each in history.persons.values() for group in each.groups)
    if (
        asked.kind == "person"
        and asked.by == "team"
        and history.above == ORGANIZATION
        and max(sizes.values(), default=0) >= GROUP_MIN
    ):
        yield Button(ctx.t("By group of people"), f"suggest {says or 'limits'} by group")


def _usual_floor(ctx: Context, base: Budget) -> int:
    """A floor where it is known what is usual: in dollars, for a month."""
    known = ctx.policy.organization.currency == "USD" and base.every == "month"
    return FLOOR_USD * 10**9 if known else 0


def _plain(units: int, base: Budget) -> str:
    return f"{with_amount(base, units).amount.number:f}"


def _periods(ctx: Context, window: Window) -> int:
    found, day = 0, window.first
    while day < window.end:
        day, found = budget_period(ctx, day, window.every).end, found + 1
    return found


def comes_to(change: Caps, found: Sequence[Group], unit: str, periods: int) -> Comes:
    """What caps come to in the window.

    Args:
        change: how they are made.
        found: the groups.
        unit: of the budget.
        periods: how many there are in the window.
    """
    caps = [(group, cap_of(change, group, unit)) for group in found]
    over = [
        (person, amount - cap)
        for group, cap in caps
        for person, amounts in group.totals.items()
        for amount in amounts
        if amount > cap
    ]
    return Comes(
        min(cap for _, cap in caps),
        max(cap for _, cap in caps),
        len({person for person, _ in over}),
        -(-len(over) // max(1, periods)),
        sum(amount for _, amount in over),
        sum(amount for group, _ in caps for amounts in group.totals.values() for amount in amounts),
    )


def _served(comes: Comes, periods: int) -> int:
    return (comes.spent - comes.unserved) // max(1, periods)


def _least_times(change: Caps, fits: Callable[[Caps], bool]) -> Caps:
    """The smallest factor for which it fits: the higher the caps, the fewer are stopped."""
    low, high = 1, STEPS
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(replace(change, times=middle * STEP)) else (middle + 1, high)
    return replace(change, times=low * STEP)


def _most_times(change: Caps, fits: Callable[[Caps], bool]) -> Caps:
    """The largest factor for which it fits, without a floor: the lower the caps, the less is spent.

    Raises:
        RefusedError: not even the lowest caps fit.
    """
    change = replace(change, floor=0)
    if not fits(replace(change, times=STEP)):
        raise RefusedError("No limits keep the spending below that. Say a larger total.")
    low, high = 1, STEPS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(replace(change, times=middle * STEP)) else (low, middle - 1)
    return replace(change, times=low * STEP)


def _title(ctx: Context, change: Caps, base: Budget, chosen: Comes) -> str:
    least, most = (ctx.estimate(each, base.unit) for each in (chosen.least, chosen.most))
    if chosen.least == chosen.most:
        return ctx.t("Suggested for every person: {amount}", amount=most)
    return ctx.t(SPREAD[change.of], least=least, most=most)


def _range(ctx: Context, comes: Comes, base: Budget) -> str:
    least, most = (ctx.estimate(each, base.unit) for each in (comes.least, comes.most))
    return most if least == most else ctx.t("{least} to {most}", least=least, most=most)


def _facts(
    ctx: Context, change: Caps, chosen: Comes, found: Sequence[Group], base: Budget, window: Window, history: History
) -> Iterator[tuple[str, str]]:
    yield (
        ctx.t("How"),
        ctx.t(
            HOW[change.of],
            percent=change.percent,
            times=f"{change.times.normalize():f}",
            floor=ctx.estimate(change.floor, base.unit),
        ),
    )
    people = sum(len(group.totals) for group in found)
    yield (
        ctx.t("Would stop"),
        ctx.t("{n} of {all} people, {stops} stops a period", n=chosen.stopped, all=people, stops=chosen.stops_a_period),
    )
    yield (
        ctx.t("Not spent"),
        ctx.t("at most {percent} % of the spending", percent=percent(chosen.unserved, chosen.spent)),
    )
    if _periods(ctx, window) > 1:
        last = budget_period(ctx, window.end - DAY, window.every).first
        earlier = _part(history, window.first, last)
        fitted = groups(ctx.policy, ctx.policy.budgets, base, earlier, change.of)
        tested = _tested(
            change, fitted, spent_by_period(ctx.policy, base, _part(history, last, window.end), "person"), base
        )
        yield (
            ctx.t("Tested"),
            ctx.t("limits of the earlier periods would stop {n} people in the last one", n=tested),
        )


def _part(history: History, first: date, end: date) -> History:
    """Some of the days of a history."""
    return replace(history, first=first, end=end)


def _tested(change: Caps, fitted: Sequence[Group], later: dict[str, list[int]], base: Budget) -> int:
    """How many people would have been stopped later by the caps of before."""
    caps = {each: cap_of(change, group, base.unit) for group in fitted for each in group.totals}
    rest = max(caps.values(), default=0)
    return sum(amount > caps.get(each, rest) > 0 for each, amounts in later.items() for amount in amounts)


def _choices(ctx: Context, change: Caps, found: Sequence[Group], base: Budget, periods: int) -> Table:
    """Percentiles beside each other, without a factor."""
    rows = []
    for each in PERCENTILES:
        comes = comes_to(replace(change, percent=each, times=Decimal(1)), found, base.unit, periods)
        rows.append(
            (
                ctx.t(ENOUGH_FOR[change.of], percent=each),
                _range(ctx, comes, base),
                str(comes.stopped),
                str(comes.stops_a_period),
                ctx.percent(percent(comes.unserved, comes.spent)),
            )
        )
    heads = (ctx.t("Enough for"), ctx.t("Limit"), ctx.t("People stopped"), ctx.t("Stops a period"), ctx.t("Not spent"))
    return Table(ctx.t("What each choice would have cost"), heads, tuple(rows), "lrrrr")


# Agents ---------------------------------------------------------------------------------------------------------------


def _of_agents(ctx: Context, base: Budget, history: History) -> Suggested:
    """A limit of a day for each agent: a month's limit stops no night."""
    daily = base.model_copy(update={"every": "day", "name": f"{base.name}-daily", "rollover": "none", "prorate": False})
    found = spent_by_period(ctx.policy, daily, history, "agent")
    caps = {
        each: rounded_up(2 * percentile(days, 99), base.unit) for each, days in found.items() if len(days) >= DAYS_MIN
    }
    if not caps:
        raise RefusedError("No agent was active on {n} days, so nothing can be suggested.", n=DAYS_MIN)
    ordered = sorted(caps.items(), key=lambda one: (history.accounts[one[0]].name.casefold(), one[0]))
    rows = tuple(
        (history.accounts[each].name, ctx.estimate(max(found[each]), base.unit), ctx.estimate(cap, base.unit))
        for each, cap in ordered[:LINES_MAX]
    )
    heads = (ctx.t("Agent"), ctx.t("Most on a day"), ctx.t("Limit of a day"))
    how = ctx.t("Twice what 99 of 100 active days came to")
    rules = [with_amount(daily, cap).model_copy(update={"who": each.replace("/", " ", 1)}) for each, cap in ordered]
    title = ctx.nt("Suggested: a limit of a day for {n} agent", "Suggested: limits of a day for {n} agents", len(caps))
    return Suggested(title, how, (Table(how, heads, rows, "lrr"),), rules, BESIDE)
