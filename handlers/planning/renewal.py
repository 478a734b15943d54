"""What the next term of a contract costs at another price, for whom, and which seats to let go."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from handlers.access import groups_below, may_see, sees_all
from handlers.arguments import One, Rest
from handlers.card import Block, Button, Card, Facts, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import in_units
from handlers.pages import as_file, part_of
from handlers.planning.cards import money
from handlers.planning.contract_cards import notice
from handlers.planning.contract_seats import spare_seats, to_let_go
from handlers.planning.contracts import may_see_contract, unknown_contract
from handlers.planning.drawdown import DAY, WEEKS, running
from handlers.policy import Contract
from handlers.pricing import announced, price_factor
from handlers.provenance import as_of
from storage import comparisons, people, seats, spend
from storage.tables import ORGANIZATION

YEAR_DAYS = 365
TEAMS_MAX = 20
PERCENT_LEAST, PERCENT_MOST = -99, 10_000
AS_FILE = " as csv"
COLUMNS = ("account", "name", "month_today", "month_at_the_offer")
_OFFER = re.compile(
    r"(?:at|by|if it|costs?|will cost|\s)*"
    r"(?:(?P<sign>[+-])?\s*(?P<percent>\d{1,5}(?:[.,]\d{1,2})?)\s*%\s*(?P<way>more|less|dearer|cheaper|higher|lower|up|down)?"
    r"|(?P<times>\d{1,3}([.,]\d{1,2})?)\s*(?:times|x|×)(?: as much)?)"
)
DOWN = ("less", "cheaper", "lower", "down")


def renewal(ctx: Context, name: One, offer: Rest = "") -> Card:
    """What the next term of a contract costs at another price: “renewal cursor +400 %” or “renewal cursor 5 times”.

    Whoever owns the contract sees teams of five people and more, and how many seats are not used. Finance and admins
    see all teams, and whose seats these are.
    """
    contract = next((each for each in running(ctx) if each.name == name.lower() and may_see_contract(ctx, each)), None)
    if contract is None:
        raise unknown_contract(name)
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
        then=money(ctx, then),
        now=money(ctx, now),
    )
    facts = _offer_facts(ctx, contract, times, (now, then), (usage[0], seats_year, days))
    more = money(ctx, abs(usage[1] - usage[0]))
    is_dearer = usage[1] > usage[0]
    text = N_("{amount} more a year, before the offer") if is_dearer else N_("{amount} less a year, before the offer")
    changed = ((ctx.t("Announced prices"), ctx.t(text, amount=more)),) if usage[0] != usage[1] else ()
    blocks: list[Block] = [
        Facts((*facts, *changed)),
        *_by_team(ctx, use, times, days),
        *_by_person(ctx, contract, use, times, days, words),
        *spare_seats(ctx, spare),
        *to_let_go(ctx, contract, times),
    ]
    blocks.append(Text(ctx.t("Prices alone change here: people may use less of what costs more."), quiet=True))
    return Card(title, (*blocks, as_of(ctx, 0, first, end)), "warn" if times > 1 else "plain")


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


def _times(offer: str) -> Decimal:
    """By what a price is multiplied: "+400 %" is five times.

    Raises:
        RefusedError: nobody can tell.
    """
    found = _OFFER.fullmatch(offer.strip().lower())
    if found is None or not (found["times"] or found["sign"] or found["way"]):  # “20 %” may be of the price, or more
        raise RefusedError(
            "Say another price such as: renewal cursor +400 % (that is 5 times), or renewal cursor 5 times"
        )
    if found["times"]:
        return Decimal(found["times"].replace(",", "."))
    change = Decimal(found["percent"].replace(",", "."))
    change = -change if found["sign"] == "-" or found["way"] in DOWN else change
    if not PERCENT_LEAST <= change <= PERCENT_MOST:
        raise RefusedError("Say a change from -99 % to +10000 %.")
    return 1 + change / 100


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
    change = (times - 1) * 100
    (now, then), (usage, seats_year, days) = years, today
    yield (
        ctx.t("Offer"),
        ctx.t(
            "{change} %, that is {times} times the price",
            change=f"{change.normalize():+f}",
            times=f"{times.normalize():f}",
        ),
    )
    yield ctx.t("More a year"), money(ctx, then - now)
    yield (
        ctx.t("Today"),
        ctx.t(
            "{usage} usage and {seats} seats a year, from {n} days",
            usage=money(ctx, usage),
            seats=money(ctx, seats_year),
            n=days,
        ),
    )
    if contract.uplift_percent is not None:
        allowed = 1 + Decimal(contract.uplift_percent) / 100
        values = {"percent": contract.uplift_percent, "amount": money(ctx, int(now * allowed))}
        yield ctx.t("The contract allows"), ctx.t("{percent} % more at most: {amount} a year", **values)
    buys = now * 100 // then if then else int(100 / times)
    yield ctx.t("Budgets of today buy"), ctx.t("{percent} % of what they buy now", percent=buys)
    yield ctx.t("Notice"), notice(ctx, contract)


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
        (name, money(ctx, month), money(ctx, int(use.announced[each] * 30 // days * times)))
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
