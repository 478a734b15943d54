"""Contracts: how far a commitment is drawn, until when notice can be given, and what a renewal costs at another price.

Drawn is what the provider's charges come to in the term. How it goes on is the pace of the last four weeks; the range
is that of the slowest and the fastest of them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from handlers.access import groups_below, may_see, sees_all
from handlers.arguments import One, Rest
from handlers.card import Block, Button, Card, Facts, Heading, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.events import CheckContracts, ReportContract
from handlers.money import percent
from handlers.policy import Contract, units
from handlers.provenance import as_of
from storage import comparisons, people, seats, spend
from storage.tables import ORGANIZATION

MILESTONES = (120, 90, 60, 30, 14, 7)
"""So many days before the last day for notice it is told."""
WEEKS = 4
DAY, WEEK = timedelta(days=1), timedelta(days=7)
YEAR_DAYS = 365
IDLE_DAYS = 30
TEAMS_MAX = 20
PERCENT_LEAST, PERCENT_MOST = -99, 10_000
_OFFER = re.compile(
    r"(at\s+)?(?:(?P<sign>[+-])\s*(?P<percent>\d{1,5})\s*%|(?P<times>\d{1,3}([.,]\d{1,2})?)\s*(times|x|×))"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a contract stands.

    Args:
        contract: what was agreed.
        drawn: what was spent in its term so far, in the house currency.
        commitment: what is to be spent, 0 for nothing.
        known_until: the day after the last one of which all is known.
        weeks: what each of the last weeks came to, the latest first.
    """

    contract: Contract
    drawn: int
    commitment: int
    known_until: date
    weeks: tuple[int, ...]

    def used_up(self, week: int) -> date | None:
        """The day on which the commitment is used up at so much a week; None if it is not in the term."""
        left = self.commitment - self.drawn
        if left <= 0:
            return self.known_until
        days = -(-left * 7 // week) if week > 0 else YEAR_DAYS * 100
        day = self.known_until + DAY * min(days, YEAR_DAYS * 100)
        return day if day < self.contract.ends else None

    def left_at_the_end(self, week: int) -> int:
        """What of the commitment is not drawn when the term ends."""
        days = max(0, (self.contract.ends - self.known_until).days)
        return max(0, self.commitment - self.drawn - week * days // 7)

    @property
    def pace(self) -> int:
        """What a week comes to."""
        return sum(self.weeks) // len(self.weeks) if self.weeks else 0


def contracts(ctx: Context) -> Card:
    """Contracts with vendors: how far each is drawn, when it is used up or what lapses, and when notice is due."""
    seen = [each for each in ctx.policy.contracts if _may_see(ctx, each)]
    if not seen:
        if sees_all(ctx):
            raise RefusedError("There are no contracts. Add them to app.yaml under “contracts:”.")
        raise RefusedError("Only finance, admins and whoever owns a contract see it.")
    blocks: list[Block] = []
    for each in sorted(seen, key=lambda one: (one.notice_until, one.name)):
        blocks += [Heading(each.name), Facts(tuple(_facts(ctx, _standing(ctx, each))))]
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
        raise RefusedError("There is no contract “{name}” that you may see. To see them, say: contracts", name=name)
    times = _times(offer)
    end = comparisons.whole_before(ctx.readings(), ctx.today)
    begun = comparisons.begun_at(ctx.conn, contract.provider) or end
    first = max(begun, end - DAY * YEAR_DAYS)
    days = (end - first).days
    if days < WEEKS * 7:
        raise RefusedError("Less than four weeks of {provider} are known: too little.", provider=contract.provider)
    spent = {each: cost for each, (cost, _) in spend.spent_at(ctx.conn, contract.provider, first, end).items()}
    held = [
        (who, seat)
        for who, those in seats.owned(ctx.conn).items()
        for seat in those
        if seat.provider == contract.provider
    ]
    seats_year = sum(seat.month_nanos for _, seat in held) * 12
    usage_year = spent.get(ORGANIZATION, 0) * YEAR_DAYS // days
    now = usage_year + seats_year
    title = ctx.t(
        "{name}: {then} a year instead of {now}",
        name=contract.name,
        then=_money(ctx, int(now * times)),
        now=_money(ctx, now),
    )
    blocks: list[Block] = [
        Facts(tuple(_offer_facts(ctx, contract, times, now, usage_year, seats_year, days))),
        *_by_team(ctx, spent, times, days),
    ]
    blocks += _idle(ctx, [(who, seat) for who, seat in held if _is_idle(ctx, seat)], times)
    blocks.append(Text(ctx.t("Prices alone change here: people may use less of what costs more."), quiet=True))
    return Card(title, (*blocks, as_of(ctx, 0, first, end)), "warn" if times > 1 else "plain")


def check_contracts(ctx: Context, _event: CheckContracts) -> None:
    """Have it told once that the last day for notice of a contract comes nearer."""
    for contract in ctx.policy.contracts:
        days = (contract.notice_until - ctx.today).days
        passed = [each for each in MILESTONES if each >= days]
        if days >= 0 and passed and ctx.today >= contract.starts:
            due = min(passed)
            ctx.emit(f"{contract.name}/{contract.notice_until}/{due}", ReportContract(contract.name, due))


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
        title = theirs.nt(
            "{name}: {n} day left to give notice", "{name}: {n} days left to give notice", days, name=contract.name
        )
        ask = Button(theirs.t("What if it costs more?"), f"renewal {contract.name} +20 %")
        card = Card(title, (Facts(tuple(_facts(theirs, _standing(theirs, contract)))), ask), "warn")
        theirs.tell(person.id, f"contract/{contract.name}/{contract.notice_until}/{event.days}", card)


def _may_see(ctx: Context, contract: Contract) -> bool:
    return sees_all(ctx) or (bool(contract.owner) and contract.owner == ctx.person.id)


def _standing(ctx: Context, contract: Contract) -> Standing:
    known = comparisons.whole_before(ctx.readings(), ctx.today)

    def drawn(first: date, end: date) -> int:
        found = spend.spent_at(ctx.conn, contract.provider, first, end, ORGANIZATION) if first < end else {}
        return found.get(ORGANIZATION, (0, 0))[0]

    weeks = tuple(drawn(known - WEEK * (n + 1), known - WEEK * n) for n in range(WEEKS))
    until = min(known, contract.ends)
    commitment = units(contract.commitment, ctx.policy.organization.currency) or 0
    return Standing(contract, drawn(contract.starts, until), commitment, until, weeks)


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
                drawn=_money(ctx, standing.drawn),
                all=_money(ctx, standing.commitment),
                percent=share,
            ),
        )
        yield ctx.t("At this pace"), _course(ctx, standing)
    else:
        yield ctx.t("Spent"), _money(ctx, standing.drawn)
    yield ctx.t("Notice"), _notice(ctx, contract)
    if contract.document:
        yield ctx.t("Document"), contract.document


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
        left=_money(ctx, left),
        least=_money(ctx, least),
        most=_money(ctx, most),
        unit=ctx.policy.organization.currency,
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
    ctx: Context, contract: Contract, times: Decimal, now: int, usage: int, seats_year: int, days: int
) -> Iterator[tuple[str, str]]:
    change = int((times - 1) * 100)
    yield (
        ctx.t("Offer"),
        ctx.t("{change} %, that is {times} times the price", change=f"{change:+d}", times=f"{times.normalize():f}"),
    )
    yield ctx.t("More a year"), _money(ctx, int(now * times) - now)
    yield (
        ctx.t("Today"),
        ctx.t(
            "{usage} usage and {seats} seats a year, from {n} days",
            usage=_money(ctx, usage),
            seats=_money(ctx, seats_year),
            n=days,
        ),
    )
    yield ctx.t("Budgets of today buy"), ctx.t("{percent} % of what they buy now", percent=int(100 / times))
    yield ctx.t("Notice"), _notice(ctx, contract)


def _by_team(ctx: Context, spent: dict[str, int], times: Decimal, days: int) -> Iterator[Block]:
    """What each team spends a month, and what the same costs then: what its budgets would have to be."""
    teams = {each.id: each.name for each in people.every_account(ctx.conn) if each.kind == "team"}
    if not sees_all(ctx):
        ctx.look_up(teams)
        apart = groups_below(ctx, ORGANIZATION)
        teams = {each: name for each, name in teams.items() if each in apart or may_see(ctx, each)}
    rows = []
    for team, name in sorted(teams.items(), key=lambda each: each[1].casefold()):
        month = spent.get(team, 0) * 30 // days
        if month:
            rows.append((name, _money(ctx, month), _money(ctx, int(month * times))))
    heads = (ctx.t("Team"), ctx.t("A month today"), ctx.t("The same at the offer"))
    if rows:
        yield Table(ctx.t("By team, with its subteams"), heads, tuple(rows[:TEAMS_MAX]), "lrr")


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
