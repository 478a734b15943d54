"""Contracts: how far a commitment is drawn, until when notice can be given, and what a renewal costs at another price.

Drawn is what the provider's charges come to in the term. How it goes on is the pace of the last four weeks; the range
is that of the slowest and the fastest of them.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

from handlers.access import groups_below, may_see, sees_all
from handlers.arguments import One, Rest
from handlers.card import Block, Button, Card, Facts, Heading, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import CheckContracts, ReportContract
from handlers.language import N_
from handlers.money import in_units, percent, scale_of
from handlers.pages import as_file, part_of
from handlers.policy import Contract, PriceChange, units
from handlers.pricing import Rise, announced, list_cost, price_factor
from handlers.provenance import as_of
from storage import comparisons, findings, installation, people, seats, spend
from storage.tables import ORGANIZATION

MILESTONES = (120, 90, 60, 30, 14, 7)
"""So many days before the last day for notice it is told."""
WEEKS = 4
DAY, WEEK = timedelta(days=1), timedelta(days=7)
YEAR_DAYS = 365
IDLE_DAYS = 30
TOKENS = "tokens"
DRAWN = (50, 75, 90, 100)
"""So many percent of a commitment are told once each."""
EARLY_DAYS = 30
UNUSED_PERCENT = 10
"""So much of a commitment may be used up before its end, or lapse, without a word."""
WHOLE = 100
TEAMS_MAX = 20
PERCENT_LEAST, PERCENT_MOST = -99, 10_000
MILLION = 10**6
AS_FILE = " as csv"
COLUMNS = ("account", "name", "month_today", "month_at_the_offer")
IDLE = "idle_seat"
SEAT_DETECTORS: Mapping[str, str] = {
    IDLE: N_("not used for 30 days"),
    "doubled_seat": N_("has another seat, too"),
    "larger_seat": N_("a cheaper one would do"),
}
"""What detectors of waste find about seats, in a word each."""
KINDS: Mapping[str, str] = {
    "input": N_("input"),
    "cache_read": N_("cache reads"),
    "cache_write": N_("cache writes (5 min)"),
    "cache_write_1h": N_("cache writes (1 h)"),
    "output": N_("output"),
}
_OFFER = re.compile(
    r"(at\s+)?(?:(?P<sign>[+-])\s*(?P<percent>\d{1,5})\s*%|(?P<times>\d{1,3}([.,]\d{1,2})?)\s*(times|x|×))"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a contract stands.

    Args:
        contract: what was agreed.
        unit: what is committed: the house currency or tokens.
        drawn: what was spent in its term so far, in that unit.
        commitment: what is to be spent, 0 for nothing.
        known_until: the day after the last one of which all is known.
        weeks: what each of the last weeks came to at today's prices, the latest first.
        steps: days from which announced prices make the same use cost so many times what it costs today.
    """

    contract: Contract
    unit: str
    drawn: int
    commitment: int
    known_until: date
    weeks: tuple[int, ...]
    steps: tuple[tuple[date, Decimal], ...] = ()

    def coming(self, week: int, until: date) -> int:
        """What is spent from the last known day until before another one, at so much a week at today's prices."""
        end = max(self.known_until, until)
        marks = (self.known_until, *(min(max(self.known_until, start), end) for start, _ in self.steps), end)
        factors = (Decimal(1), *(factor for _, factor in self.steps))
        days = ((after - before).days for before, after in pairwise(marks))
        return int(sum(week * factor * each for factor, each in zip(factors, days, strict=True)) / 7)

    def used_up(self, week: int) -> date | None:
        """The day on which the commitment is used up at so much a week; None if it is not in the term."""
        left = self.commitment - self.drawn
        if left <= 0:
            return self.known_until
        days = range((self.contract.ends - self.known_until).days)
        found = bisect_left(days, left, key=lambda count: self.coming(week, self.known_until + DAY * count))
        return self.known_until + DAY * found if found < len(days) else None

    def left_at_the_end(self, week: int) -> int:
        """What of the commitment is not drawn when the term ends."""
        return max(0, self.commitment - self.drawn - self.coming(week, self.contract.ends))

    def beyond_at_the_end(self, week: int) -> int:
        """What is used beyond the commitment when the term ends."""
        return max(0, self.drawn + self.coming(week, self.contract.ends) - self.commitment)

    @property
    def has_course(self) -> bool:
        """Whether so much of the term is over that its pace tells something."""
        term, gone = self.contract.ends - self.contract.starts, self.known_until - self.contract.starts
        return gone * 4 >= term and gone >= WEEK * WEEKS

    @property
    def pace(self) -> int:
        """What a week comes to."""
        return sum(self.weeks) // len(self.weeks) if self.weeks else 0


def contracts(ctx: Context, name: One = "") -> Card:
    """Contracts with vendors: how far each is drawn, when it is used up or what lapses, and when notice is due.

    With its name, “contracts cursor”, also what each model really costs you, beside its list price.
    """
    seen = [each for each in ctx.policy.contracts if _may_see(ctx, each) and name.lower() in ("", each.name)]
    if not seen:
        if name:
            raise _unknown(name)
        if sees_all(ctx):
            raise RefusedError("There are no contracts. Add them to app.yaml under “contracts:”.")
        raise RefusedError("Only finance, admins and whoever owns a contract see it.")
    blocks: list[Block] = []
    for each in sorted(seen, key=lambda one: (one.notice_until, one.name)):
        standing = _standing(ctx, each)
        blocks += [Heading(each.name), Facts(tuple(_facts(ctx, standing)))]
        blocks += _effective(ctx, standing) if len(seen) == 1 else []
        if len(seen) > 1:
            blocks.append(Button(ctx.t("What does each model cost?"), f"contracts {each.name}"))
        blocks.append(Button(ctx.t("What if it costs more?"), f"renewal {each.name} +20 %"))
    title = ctx.nt("{n} contract", "{n} contracts", len(seen))
    return Card(title, (*blocks, as_of(ctx)))


def renewal(ctx: Context, name: One, offer: Rest = "") -> Card:
    """What the next term of a contract costs at another price: “renewal cursor +400 %” or “renewal cursor 5 times”.

    Whoever owns the contract sees teams of five people and more, and how many seats are not used. Finance and admins
    see all teams, and whose seats these are.
    """
    contract = next((each for each in ctx.policy.contracts if each.name == name.lower() and _may_see(ctx, each)), None)
    if contract is None:
        raise _unknown(name)
    words, as_csv = offer.strip(), False
    if words.lower().endswith(AS_FILE):
        words, as_csv = words[: -len(AS_FILE)], True
    times = _times(words)
    end = comparisons.whole_before(ctx.readings(), ctx.today)
    begun = comparisons.begun_at(ctx.conn, contract.provider) or end
    first = max(begun, end - DAY * YEAR_DAYS)
    days = (end - first).days
    if days < WEEKS * 7:
        raise RefusedError("Less than four weeks of {provider} are known: too little.", provider=contract.provider)
    use = _use(ctx, contract, first, end)
    here = seats.at_provider(ctx.conn, contract.provider)
    spare = max(0, contract.seats - len(here))
    prices = sorted(each.month_nanos for each in here if each.month_nanos)
    seats_year = (sum(prices) + spare * (prices[len(prices) // 2] if prices else 0)) * 12
    usage = [each.get(ORGANIZATION, 0) * YEAR_DAYS // days for each in (use.spent, use.announced)]
    now, then = usage[0] + seats_year, int((usage[1] + seats_year) * times)
    if as_csv:
        return _renewal_file(ctx, contract, use, times, days)
    title = ctx.t(
        "{name}: {then} a year instead of {now}",
        name=contract.name,
        then=_money(ctx, then),
        now=_money(ctx, now),
    )
    facts = _offer_facts(ctx, contract, times, (now, then), (usage[0], seats_year, days))
    more = _money(ctx, abs(usage[1] - usage[0]))
    is_dearer = usage[1] > usage[0]
    text = N_("{amount} more a year, before the offer") if is_dearer else N_("{amount} less a year, before the offer")
    changed = ((ctx.t("Announced prices"), ctx.t(text, amount=more)),) if usage[0] != usage[1] else ()
    blocks: list[Block] = [
        Facts((*facts, *changed)),
        *_by_team(ctx, use, times, days),
        *_by_person(ctx, contract, use, times, days, words),
        *_spare(ctx, spare),
        *_to_let_go(ctx, contract, times),
    ]
    blocks.append(Text(ctx.t("Prices alone change here: people may use less of what costs more."), quiet=True))
    return Card(title, (*blocks, as_of(ctx, 0, first, end)), "warn" if times > 1 else "plain")


def _unknown(name: str) -> RefusedError:
    return RefusedError("There is no contract “{name}” that you may see. To see them, say: contracts", name=name)


@dataclass(frozen=True, slots=True)
class Use:
    """What was used at a provider in a span.

    Args:
        spent: what each account spent.
        announced: what the same would cost at the prices that are announced until the next term begins.
    """

    spent: Mapping[str, int]
    announced: Mapping[str, int]


def _use(ctx: Context, contract: Contract, first: date, end: date) -> Use:
    rises = [each for each in announced(ctx, contract.provider) if ctx.today < each.change.since <= contract.ends]
    if not rises:
        spent = {each: cost for each, (cost, _) in spend.spent_at(ctx.conn, contract.provider, first, end).items()}
        return Use(spent, spent)
    now, then = Counter[str](), Counter[str]()
    for account, model, cost in spend.spent_at_by_model(ctx.conn, contract.provider, first, end):
        now[account] += cost
        then[account] += int(cost * price_factor(rises, contract.provider, model, ctx.today, contract.ends))
    return Use(now, then)


def check_contracts(ctx: Context, _event: CheckContracts) -> None:
    """Have it told once that the last day for notice of a contract comes nearer."""
    for contract in ctx.policy.contracts:
        days = (contract.notice_until - ctx.today).days
        passed = [each for each in MILESTONES if each >= days]
        if days >= 0 and passed and ctx.today >= contract.starts:
            due = min(passed)
            ctx.emit(f"{contract.name}/{contract.notice_until}/{due}", ReportContract(contract.name, due))
        for about, number in _news(ctx, contract):
            once = f"contract/{contract.name}/{contract.ends}/{about}/{number}"
            if installation.noted(ctx.conn, once) is None:
                installation.note(ctx.conn, once, "", ctx.now)
                ctx.emit(once, ReportContract(contract.name, number, about))


def _news(ctx: Context, contract: Contract) -> Iterator[tuple[str, int]]:
    """What is to be told once of the commitment of a contract, as the event says it."""
    if not contract.commitment or not contract.starts <= ctx.today < contract.ends:
        return
    standing = _standing(ctx, contract)
    share = percent(standing.drawn, standing.commitment) if standing.commitment else 0
    passed = [each for each in DRAWN if share >= each]
    if passed:
        yield "drawn", passed[-1]
    if not standing.has_course or standing.drawn >= standing.commitment:
        return
    day = standing.used_up(standing.pace)
    if day and (contract.ends - day).days > EARLY_DAYS:
        yield "early", 0
    elif percent(standing.left_at_the_end(standing.pace), standing.commitment) > UNUSED_PERCENT:
        yield "unused", 0


def report_contract(ctx: Context, event: ReportContract) -> None:
    """Tell the owner of a contract and finance that its last day for notice comes nearer."""
    contract = next((each for each in ctx.policy.contracts if each.name == event.contract), None)
    if contract is None:
        return
    to = {each.id: each for each in people.people_with_role(ctx.conn, "finance")}
    owner = ctx.somebody(contract.owner) if contract.owner else None
    if owner and owner.active:
        to[owner.id] = owner
    for person in to.values():
        theirs = replace(ctx, person=person)
        days = max(0, (contract.notice_until - ctx.today).days)
        title = _title(theirs, contract, event, days)
        ask = Button(theirs.t("What if it costs more?"), f"renewal {contract.name} +20 %")
        card = Card(title, (Facts(tuple(_facts(theirs, _standing(theirs, contract)))), ask), "warn")
        about = "" if event.about == "notice" else f"{event.about}/"
        theirs.tell(person.id, f"contract/{contract.name}/{contract.notice_until}/{about}{event.days}", card)


def _title(ctx: Context, contract: Contract, event: ReportContract, days: int) -> str:
    """The news of a contract in a line."""
    name = contract.name
    match event.about:
        case "drawn" if event.days >= WHOLE:
            return ctx.t("{name}: the commitment is used up", name=name)
        case "drawn":
            return ctx.t("{name}: {percent} % of the commitment is drawn", name=name, percent=event.days)
        case "early":
            return ctx.t("{name}: the commitment will be used up long before its end", name=name)
        case "unused":
            return ctx.t("{name}: part of the commitment will lapse unused", name=name)
        case _:
            return ctx.nt(
                "{name}: {n} day left to give notice", "{name}: {n} days left to give notice", days, name=name
            )


def _may_see(ctx: Context, contract: Contract) -> bool:
    return sees_all(ctx) or (bool(contract.owner) and contract.owner == ctx.person.id)


def _standing(ctx: Context, contract: Contract) -> Standing:
    known = comparisons.whole_before(ctx.readings(), ctx.today)

    until = min(known, contract.ends)
    term = contract.starts, max(contract.starts, until)
    found = spend.spent_at(ctx.conn, contract.provider, *term, ORGANIZATION)
    drawn = found.get(ORGANIZATION, (0, 0))[1 if contract.in_tokens else 0]
    rises = announced(ctx, contract.provider) if contract.prices and not contract.in_tokens else ()
    used = spend.daily_at(ctx.conn, contract.provider, known - WEEK * WEEKS, known, ORGANIZATION)
    weeks, by_model = [Decimal(0)] * WEEKS, Counter[str]()
    for day, each in used:
        cost = each.cost_nanos * price_factor(rises, contract.provider, each.name, day, ctx.today)
        weeks[((known - day).days - 1) // 7] += each.tokens if contract.in_tokens else cost
        by_model[each.name] += int(cost)
    unit = TOKENS if contract.in_tokens else ctx.policy.organization.currency
    commitment = units(contract.commitment, unit) or 0
    steps = tuple(_steps(contract, rises, by_model, ctx.today))
    return Standing(contract, unit, drawn, commitment, until, tuple(map(int, weeks)), steps)


def _steps(
    contract: Contract, rises: Sequence[Rise], by_model: Mapping[str, int], today: date
) -> Iterator[tuple[date, Decimal]]:
    """From which days the same use costs how many times what it costs today."""
    whole = sum(by_model.values())
    for day in sorted({each.change.since for each in rises if each.change.since > today}) if whole else ():
        then = (cost * price_factor(rises, contract.provider, model, today, day) for model, cost in by_model.items())
        yield day, sum(then, Decimal(0)) / whole


def _facts(ctx: Context, standing: Standing) -> Iterator[tuple[str, str]]:
    contract = standing.contract
    term, gone = (contract.ends - contract.starts).days, (standing.known_until - contract.starts).days
    yield (
        ctx.t("Term"),
        ctx.t(
            "{first} to {last}, {percent} % of it is over",
            first=ctx.last_day(contract.starts),
            last=ctx.last_day(contract.ends - DAY),
            percent=percent(max(0, gone), term),
        ),
    )
    if standing.commitment:
        share = percent(standing.drawn, standing.commitment)
        yield (
            ctx.t("Commitment"),
            ctx.t(
                "{drawn} of {all} drawn ({percent} %)",
                drawn=ctx.estimate(standing.drawn, standing.unit),
                all=ctx.estimate(standing.commitment, standing.unit),
                percent=share,
            ),
        )
        yield ctx.t("At this pace"), _course(ctx, standing)
        yield from _beyond(ctx, standing)
    else:
        yield ctx.t("Spent"), ctx.estimate(standing.drawn, standing.unit)
    yield from _announced(ctx, standing)
    yield from _seats(ctx, contract)
    if contract.renews_months and contract.uplift_percent is not None:
        yield ctx.t("At renewal"), ctx.t("the price may rise by {percent} % at most", percent=contract.uplift_percent)
    yield ctx.t("Notice"), _notice(ctx, contract)
    if contract.document:
        yield ctx.t("Document"), contract.document


def _announced(ctx: Context, standing: Standing) -> Iterator[tuple[str, str]]:
    """Prices that change, each in a line, and what they cost until the term ends."""
    contract = standing.contract
    for each in sorted(contract.prices, key=lambda one: (one.since, one.model)):
        if each.since >= ctx.today - WEEK * WEEKS:
            yield ctx.t("Announced"), _change(ctx, each)
    if standing.steps:
        more = standing.coming(standing.pace, contract.ends)
        more -= replace(standing, steps=()).coming(standing.pace, contract.ends)
        text = N_("{amount} more until its end") if more >= 0 else N_("{amount} less until its end")
        yield ctx.t("The new prices cost"), ctx.t(text, amount=ctx.estimate(abs(more), standing.unit))


def _change(ctx: Context, change: PriceChange) -> str:
    """A price that changes, in a line."""
    values = {"model": change.model or ctx.t("all models"), "day": ctx.last_day(change.since)}
    if change.percent is not None:
        text = N_("{percent} % less for {model} from {day} on")
        if change.percent >= 0:
            text = N_("{percent} % more for {model} from {day} on")
        return ctx.t(text, **values, percent=f"{abs(change.percent).normalize():f}")
    prices = ctx.listed(
        [
            ctx.t(
                "{kind} {old} → {new}",
                kind=ctx.t(KINDS[kind]),
                old=ctx.amount(int(old * scale_of(change.currency)), change.currency),
                new=ctx.amount(int(change.new[kind] * scale_of(change.currency)), change.currency),
            )
            for kind, old in change.old.items()
        ]
    )
    return ctx.t("{model} from {day} on, a million tokens: {prices}", **values, prices=prices)


def _beyond(ctx: Context, standing: Standing) -> Iterator[tuple[str, str]]:
    """What is likely to be used beyond a commitment until its end, and what that costs."""
    likely = standing.beyond_at_the_end(standing.pace)
    least, most = (standing.beyond_at_the_end(each) for each in (min(standing.weeks), max(standing.weeks)))
    if not most:
        return
    over = standing.contract.overage_percent if standing.unit != TOKENS else WHOLE
    shown = [ctx.estimate(each * over // WHOLE, standing.unit) for each in (likely, least, most)]
    text = ctx.t("{likely} ({least} to {most}) beyond it", likely=shown[0], least=shown[1], most=shown[2])
    yield ctx.t("At its end"), text


def _seats(ctx: Context, contract: Contract) -> Iterator[tuple[str, str]]:
    """How many of the seats that were bought are given away and used, and what the others cost a month."""
    if not contract.seats:
        return
    here = seats.at_provider(ctx.conn, contract.provider)
    used = [each for each in here if not _is_idle(ctx, each)]
    idle = max(0, contract.seats - len(used))
    prices = sorted(each.month_nanos for each in here if each.month_nanos)
    text = ctx.t(
        "{all} bought, {given} given away, {used} used in the last {days} days",
        all=contract.seats,
        given=len(here),
        used=len(used),
        days=IDLE_DAYS,
    )
    yield ctx.t("Seats"), text
    if len(here) > contract.seats:
        yield ctx.t("More than bought"), str(len(here) - contract.seats)
    if idle and prices:
        cost = _money(ctx, idle * prices[len(prices) // 2])
        yield ctx.t("Not used"), ctx.t("{n} seats, {amount} a month", n=idle, amount=cost)


def _course(ctx: Context, standing: Standing) -> str:
    """When a commitment is used up, or what lapses; with the slowest and the fastest of the last weeks."""
    fast, slow = max(standing.weeks, default=0), min(standing.weeks, default=0)
    day = standing.used_up(standing.pace)
    if day:
        early, late = standing.used_up(fast) or day, standing.used_up(slow)
        return ctx.t(
            "used up on {day} ({early} to {late}); what is spent beyond it is extra",
            day=ctx.last_day(day),
            early=ctx.last_day(early),
            late=ctx.last_day(late) if late else ctx.t("after its end"),
        )
    left = standing.left_at_the_end(standing.pace)
    least, most = standing.left_at_the_end(fast), standing.left_at_the_end(slow)
    paid = percent(standing.commitment, max(1, standing.commitment - left))
    return ctx.t(
        "{left} ({least} to {most}) lapse at its end, so each {unit} of use costs {percent} % of its price",
        left=ctx.estimate(left, standing.unit),
        least=ctx.estimate(least, standing.unit),
        most=ctx.estimate(most, standing.unit),
        unit=ctx.t("token") if standing.unit == TOKENS else standing.unit,
        percent=paid,
    )


def _notice(ctx: Context, contract: Contract) -> str:
    days = (contract.notice_until - ctx.today).days
    if days < 0:
        if contract.renews_months:
            return ctx.nt(
                "the last day was {day}; it renews for {n} month",
                "the last day was {day}; it renews for {n} months",
                contract.renews_months,
                day=ctx.last_day(contract.notice_until),
            )
        return ctx.t("none is needed: it ends by itself")
    left = ctx.nt("{n} day left", "{n} days left", days)
    return ctx.t("until {day} ({left})", day=ctx.last_day(contract.notice_until), left=left)


def _times(offer: str) -> Decimal:
    """By what a price is multiplied: "+400 %" is five times.

    Raises:
        RefusedError: nobody can tell.
    """
    found = _OFFER.fullmatch(offer.strip())
    if found is None:
        raise RefusedError(
            "Say another price such as: renewal cursor +400 % (that is 5 times), or renewal cursor 5 times"
        )
    if found["times"]:
        return Decimal(found["times"].replace(",", "."))
    change = int(f"{found['sign']}{found['percent']}")
    if not PERCENT_LEAST <= change <= PERCENT_MOST:
        raise RefusedError("Say a change from -99 % to +10000 %.")
    return 1 + Decimal(change) / 100


def _offer_facts(
    ctx: Context, contract: Contract, times: Decimal, years: tuple[int, int], today: tuple[int, int, int]
) -> Iterator[tuple[str, str]]:
    """What an offer comes to.

    Args:
        ctx: who asks.
        contract: which.
        times: by what the price is multiplied.
        years: what a year costs now, and then.
        today: what usage and seats cost a year now, and from how many days that is known.
    """
    change = int((times - 1) * 100)
    (now, then), (usage, seats_year, days) = years, today
    yield (
        ctx.t("Offer"),
        ctx.t("{change} %, that is {times} times the price", change=f"{change:+d}", times=f"{times.normalize():f}"),
    )
    yield ctx.t("More a year"), _money(ctx, then - now)
    yield (
        ctx.t("Today"),
        ctx.t(
            "{usage} usage and {seats} seats a year, from {n} days",
            usage=_money(ctx, usage),
            seats=_money(ctx, seats_year),
            n=days,
        ),
    )
    if contract.uplift_percent is not None:
        allowed = 1 + Decimal(contract.uplift_percent) / 100
        values = {"percent": contract.uplift_percent, "amount": _money(ctx, int(now * allowed))}
        yield ctx.t("The contract allows"), ctx.t("{percent} % more at most: {amount} a year", **values)
    buys = now * 100 // then if then else int(100 / times)
    yield ctx.t("Budgets of today buy"), ctx.t("{percent} % of what they buy now", percent=buys)
    yield ctx.t("Notice"), _notice(ctx, contract)


def _by_team(ctx: Context, use: Use, times: Decimal, days: int) -> Iterator[Block]:
    """What each team spends a month, and what the same costs then: what its budgets would have to be."""
    teams = {each.id: each.name for each in people.every_account(ctx.conn) if each.kind == "team"}
    if not sees_all(ctx):
        ctx.look_up(teams)
        apart = groups_below(ctx, ORGANIZATION)
        teams = {each: name for each, name in teams.items() if each in apart or may_see(ctx, each)}
    rows = _months(ctx, teams, use, times, days)
    heads = (ctx.t("Team"), ctx.t("A month today"), ctx.t("The same at the offer"))
    if rows:
        yield Table(ctx.t("By team, with its subteams"), heads, tuple(rows[:TEAMS_MAX]), "lrr")


def _by_person(ctx: Context, contract: Contract, use: Use, times: Decimal, days: int, offer: str) -> Iterator[Block]:
    """The same of each person and agent, by name, for finance and admins; the whole list is a file."""
    if not sees_all(ctx):
        return
    rows = _months(ctx, _spenders(ctx), use, times, days)
    heads = (ctx.t("Who"), ctx.t("A month today"), ctx.t("The same at the offer"))
    if rows:
        part = part_of(rows, 1)
        yield Table(part.captioned(ctx, ctx.t("By person and agent")), heads, tuple(part.rows), "lrr")
        if part.pages > 1:
            yield Button(ctx.t("All as CSV"), f"renewal {contract.name} {offer}{AS_FILE}")


def _spenders(ctx: Context) -> dict[str, str]:
    return {each.id: each.name for each in people.every_account(ctx.conn) if each.kind in ("person", "agent")}


def _months(ctx: Context, names: Mapping[str, str], use: Use, times: Decimal, days: int) -> list[tuple[str, str, str]]:
    """What a month of each that spent anything costs today and at the offer, by name."""
    return [
        (name, _money(ctx, month), _money(ctx, int(use.announced[each] * 30 // days * times)))
        for each, name in sorted(names.items(), key=lambda one: one[1].casefold())
        if (month := use.spent.get(each, 0) * 30 // days)
    ]


def _renewal_file(ctx: Context, contract: Contract, use: Use, times: Decimal, days: int) -> Card:
    """What each person and agent spends a month, and at the offer; for finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can see this.")
    unit, names = ctx.policy.organization.currency, _spenders(ctx)
    rows = [
        (each, names[each], in_units(month, unit), in_units(int(use.announced[each] * 30 // days * times), unit))
        for each in sorted(names)
        if (month := use.spent.get(each, 0) * 30 // days)
    ]
    title = ctx.t("What a renewal of {name} costs", name=contract.name)
    return as_file(ctx, title, f"renewal {contract.name}", COLUMNS, rows)


def _spare(ctx: Context, spare: int) -> Iterator[Block]:
    """Seats that were bought and that nobody has."""
    if spare:
        text = ctx.nt(
            "{n} seat was bought and nobody has it: do not renew it.",
            "{n} seats were bought and nobody has them: do not renew them.",
            spare,
        )
        yield Text(text)


def _to_let_go(ctx: Context, contract: Contract, times: Decimal) -> Iterator[Block]:
    """Seats that can go: first those that nobody used, then what the detectors of waste found; not what is kept."""
    held = [
        (who, seat)
        for who, those in seats.owned(ctx.conn).items()
        for seat in those
        if seat.provider == contract.provider
    ]
    of_seats = [each for each in findings.below(ctx.conn, ORGANIZATION) if each.found.detector in SEAT_DETECTORS]
    kept = {each.found.about for each in of_seats if each.state == "dismissed"}
    yield from _idle(
        ctx, [(who, seat) for who, seat in held if _is_idle(ctx, seat) and _about(seat) not in kept], times
    )
    if not sees_all(ctx):
        return
    open_ = {each.found.about: each.found.detector for each in of_seats if each.state == "open"}
    why = {
        **{about: SEAT_DETECTORS[each] for about, each in open_.items() if each != IDLE},
        **dict.fromkeys(kept, N_("its owner keeps it")),
    }
    ctx.look_up([who for who, _ in held])
    rows = sorted(
        (ctx.line(who)[0].name, seat.plan, ctx.t(why[_about(seat)]), _money(ctx, int(seat.month_nanos * times)))
        for who, seat in held
        if _about(seat) in why and ctx.line(who)
    )
    heads = (ctx.t("Who"), ctx.t("Seat"), ctx.t("Why"), ctx.t("A month at the offer"))
    if rows:
        yield Table(ctx.t("Look at these next"), heads, tuple(rows[:TEAMS_MAX]), "lllr")


def _about(seat: seats.Seat) -> str:
    """What a finding about a seat is about."""
    return f"{seat.provider}/{seat.external_id}"


def _effective(ctx: Context, standing: Standing) -> Iterator[Block]:
    """What a million tokens of each model cost by the list and really: also what lapses unused is paid for."""
    provider, end = standing.contract.provider, standing.known_until
    first = end - WEEK * WEEKS
    start = datetime.combine(first, time(), UTC)
    paid = Counter[str]()
    for _, each in spend.daily_at(ctx.conn, provider, first, end, ORGANIZATION):
        paid[each.name] += each.cost_nanos
    left = standing.left_at_the_end(standing.pace) if standing.commitment else 0
    used = max(1, standing.commitment - left)
    currency, rows = ctx.policy.organization.currency, []
    for model, tokens in spend.kinds_at(ctx.conn, provider, first, end).items():
        cost, count = list_cost(model, tokens, start), sum(tokens)
        listed = ctx.policy.convert(cost, "USD", first) if cost else None
        if not listed or not listed[0] or not paid[model]:
            continue
        really = paid[model] * standing.commitment // used if left else paid[model]
        shown = [ctx.amount(each * MILLION // count, currency) for each in (listed[0], really)]
        rows.append((model, *shown, ctx.percent(percent(really, listed[0]))))
    heads = (ctx.t("Model"), ctx.t("List price"), ctx.t("You pay"), ctx.t("Of the list"))
    if rows:
        caption = ctx.t("A million tokens as you use them, last four weeks; you pay for what lapses, too")
        yield Table(caption, heads, tuple(rows[:TEAMS_MAX]), "lrrr")


def _is_idle(ctx: Context, seat: seats.Seat) -> bool:
    last = (seat.used_on or seat.since) if seat.use_known else None
    return last is not None and (ctx.today - last).days >= IDLE_DAYS


def _idle(ctx: Context, idle: Sequence[tuple[str, seats.Seat]], times: Decimal) -> Iterator[Block]:
    """Seats that nobody used for a month: to be let go first. Of whom one may not see, only how many there are."""
    ctx.look_up([who for who, _ in idle])
    seen = [(who, seat) for who, seat in idle if ctx.line(who) and may_see(ctx, who)]
    rows = sorted((ctx.line(who)[0].name, seat.plan, _money(ctx, int(seat.month_nanos * times))) for who, seat in seen)
    heads = (ctx.t("Who"), ctx.t("Seat"), ctx.t("A month at the offer"))
    if rows:
        yield Table(ctx.t("Not used for 30 days: let these go first"), heads, tuple(rows[:TEAMS_MAX]), "llr")
    hidden = 0 if sees_all(ctx) else len(idle) - len(seen)
    if hidden:
        yield Text(
            ctx.nt(
                "{n} seat was not used for 30 days. Finance sees whose it is.",
                "{n} seats were not used for 30 days. Finance sees whose they are.",
                hidden,
            )
        )


def _money(ctx: Context, nanos: int) -> str:
    return ctx.estimate(nanos, ctx.policy.organization.currency)
