"""Claims: tools that people bought themselves, paid back out of a yearly budget of their own.

A claim is a request of another kind: the same people decide it, in the same messages. No rule approves it without
anybody, for it is money that leaves the company. Bursar pays nothing: finance takes the list to payroll.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from handlers.access import role_of, sees_all
from handlers.arguments import SECOND, AsFile, Bought, FormText, MaybeBought, MaybeHowMuch, OneOf, Page, Rest, WhatFor
from handlers.arguments import units_above_zero as units_of
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.money import COUNTED, NANOS, Amount, in_units, scale_of, smallest
from handlers.pages import Cell, as_file, part_of
from handlers.period_words import span_of
from handlers.periods import period_of
from handlers.policy import MANAGER, STAGES, Ask, Budget
from handlers.requests.case import case_of, of_claims
from handlers.requests.claimed import (
    YearOfClaims,
    categories_of,
    claim_facts,
    is_twin,
    receipts_in_words,
    refuse_beyond,
    say_again,
    year_of,
)
from handlers.requests.claimed import paid as paid_words
from handlers.requests.opening import Opened, check_reason
from handlers.requests.receipts import attach, chosen, is_open, receipt_input, refuse_without, used_twice
from handlers.requests.routing import route_of
from handlers.requests.submit import own_account, route_facts, what_next
from handlers.requests.wording import STATES
from handlers.requests.write import at_its_stage, deed, show
from storage import claims, people, receipts, requests
from storage.claims import Claim, Claimed
from storage.people import Account
from storage.requests import Wanted

EXAMPLE = "claim 20 USD cursor September: pair programming"
OPEN_MAX = 20
ADDED_MAX = 3
TOOL_MAX, TOOL_WORDS_MAX = 60, 4
SHOWN_FOR = timedelta(days=400)
NUMBERS_MAX = 100
UNPAID = "unpaid"
Which = Annotated[str, OneOf("", ("all", UNPAID))]


def claim(
    ctx: Context,
    amount: MaybeHowMuch = None,
    bought: MaybeBought = None,
    tool: FormText = "",
    day: FormText = "",
    category: FormText = "",
    receipt: FormText = "",
    reason: WhatFor = "",
) -> Card:
    """Claim back what you paid for a tool yourself: “claim 20 USD cursor September: pair programming”.

    “claim” alone opens a form. The amount may be in any currency that has a rate. Say the month or the day; without
    either it is today. “claim 30 EUR ChatGPT Plus in courses: the exam” takes another yearly budget than the first one.

    The same people decide as over a request. Send the receipt along, or later: “receipt 42”.
    """
    account = own_account(ctx)
    categories = categories_of(ctx, account, ctx.person)
    if not categories:
        raise RefusedError("There is no budget for claims that you could use. Ask finance.")
    bought = _from_form(ctx, bought, tool, day, category)
    if amount is None or bought is None:
        return _form(ctx, categories, amount, bought, reason)
    if not reason.strip() and not tool:  # a form that was sent says itself what is missing
        _made(ctx, amount, bought)
        return _form(ctx, categories, amount, bought, reason)
    check_reason(reason, EXAMPLE)
    category_rule = _chosen(bought.category, categories)
    made = _made(ctx, amount, bought)
    house, brought = _in_house(ctx, made), chosen(ctx, receipt)
    refuse_without(ctx, house, brought)
    year = year_of(ctx, category_rule, account, made)
    refuse_beyond(ctx, year, house)
    if sum(each.request.state == "pending" for each in year.all) >= OPEN_MAX:
        raise RefusedError("You have {n} open claims. Wait for a decision, or withdraw one.", n=OPEN_MAX)
    if not bought.second and any(is_twin(each.claim, made) for each in year.alike(made)):
        return _twice(ctx, year, made, category_rule, reason)
    already = used_twice(ctx, brought)
    if already:
        return already
    year = replace(year, receipts=tuple(brought))
    return _opened(ctx, account, year, category_rule, made, house, reason)


def _from_form(ctx: Context, bought: Bought | None, tool: str, day: str, category: str) -> Bought | None:
    """What was bought, as the form has it."""
    if not tool:
        return bought
    if len(tool) > TOOL_MAX or len(tool.split()) > TOOL_WORDS_MAX:
        raise RefusedError("Name the tool in at most {n} words, such as: Claude Max", fault="tool", n=TOOL_WORDS_MAX)
    span = span_of([day], ctx) if day else None
    if day and span is None:
        raise RefusedError("I don't understand the day “{word}”. Write it such as 2026-10-15.", fault="day", word=day)
    return Bought(tool, span[0] if span else None, category)


def _chosen(name: str, categories: Sequence[Budget]) -> Budget:
    found = next((each for each in categories if name in ("", each.name)), None)
    if found is None:
        names = ", ".join(each.name for each in categories)
        raise RefusedError(
            "You can't claim for “{name}”. You can for: {names}", fault="category", name=name, names=names
        )
    return found


def _made(ctx: Context, amount: Amount, bought: Bought) -> Claim:
    """A claim out of what was said.

    Raises:
        RefusedError: it is no money, too long ago, or yet to come.
    """
    currency = amount.unit or ctx.policy.organization.currency
    if currency in COUNTED:
        raise RefusedError("Say how much money you paid, such as: {example}", fault="amount", example=EXAMPLE)
    parts = units_of(amount, currency)
    first = bought.span.first if bought.span else ctx.today
    last = bought.span.end - timedelta(days=1) if bought.span else ctx.today
    if (first.year, first.month) != (last.year, last.month):
        raise RefusedError("Claim each month by itself, such as: {example}", fault="day", example=EXAMPLE)
    if first > ctx.today:
        raise RefusedError("{day} is not over yet. Claim what you have already paid.", fault="day", day=ctx.day(first))
    months = (ctx.today.year - first.year) * 12 + ctx.today.month - first.month
    if months > ctx.policy.claims.within_months:
        raise RefusedError(
            "{month} is too long ago: you can claim what you bought in the last {n} months.",
            fault="day",
            month=ctx.month(first),
            n=ctx.policy.claims.within_months,
        )
    day = min(last, ctx.today)
    if ctx.person.joined and day < ctx.person.joined:
        raise RefusedError(
            "You joined on {day}. You can't claim what was bought before.", day=ctx.day(ctx.person.joined)
        )
    rate = ctx.policy.convert(NANOS, currency, day)
    if rate is None:
        raise RefusedError(
            "There is no exchange rate of {currency} for {day}. Ask an admin to add one, or claim in {house}.",
            fault="amount",
            currency=currency,
            day=ctx.day(day),
            house=ctx.policy.organization.currency,
        )
    return Claim(0, bought.tool, first.replace(day=1), day, parts, currency, rate[1])


def _in_house(ctx: Context, made: Claim) -> int:
    """What a claim comes to in the house currency, to the cent: payroll pays no parts of one."""
    house = ctx.policy.organization.currency
    value = Decimal(made.amount) / scale_of(made.currency) * made.rate_nanos / NANOS * scale_of(house)
    units = int((value / smallest(house)).to_integral_value(ROUND_HALF_EVEN)) * smallest(house)
    if units <= 0:
        raise RefusedError("An amount must be above zero.", fault="amount")
    return units


def _opened(
    ctx: Context, account: Account, year: YearOfClaims, category: Budget, made: Claim, house: int, reason: str
) -> Card:
    """Write a claim, and ask whoever decides it."""
    line = ctx.line(account.id)
    teams = frozenset(each.id.removeprefix("team/") for each in line)
    ask = Ask(house, category.allotment, category.unit, "all", teams, 0, None)
    rules = tuple(each for each in ctx.policy.approvals if not each.at_once)
    route = route_of(rules or MANAGER, ask)
    period = period_of(made.day, "year", ctx.policy.budget_calendar)
    wanted = Wanted(
        asker_id=ctx.person.id,
        account_id=account.id,
        budget=category.name,
        period_start=period.first,
        until=period.end - timedelta(days=1),
        amount=house,
        unit=category.unit,
        reason=reason,
        stages=STAGES.dump_json(route.stages).decode(),
        kind="claim",
    )
    asked = requests.ask_for(ctx.conn, wanted, ctx.now)
    made = replace(made, request_id=asked.id)
    claims.note(ctx.conn, made)
    attach(ctx, asked.id, year.receipts)
    deed(
        ctx, asked, "asked", "asker", f"{ctx.amount(house, category.unit)}, {made.vendor}, {made.month:%Y-%m}: {reason}"
    )
    approved = sum(each.request.resolved_amount for each in year.all)
    case, deciders = at_its_stage(ctx, case_of(ctx, replace(asked, before=approved), ()))
    requests.note_asked(ctx.conn, asked.id, case.asked)
    show(ctx, case, {}, of_claims(year))
    shown = ctx.amount(house, category.unit)
    confirm = ctx.t("Withdraw the claim for {amount}?", amount=shown)
    left = ctx.t("{left} of {limit}", left=ctx.amount(year.left, category.unit), limit=_limit(ctx, category))
    facts = (
        (ctx.t("Request"), f"#{asked.id}"),
        *route_facts(ctx, Opened(case, route, deciders)),
        (ctx.t("Budget"), category.name),
        *claim_facts(ctx, made),
        (ctx.t("Receipt"), receipts_in_words(ctx, year.receipts)),
        (ctx.t("Reason"), reason),
        (ctx.t("Left in the year"), left),
    )
    blocks: list[Block] = [Facts(facts), *_provided(ctx, year), Text(what_next(ctx, case))]
    if not year.receipts:
        blocks.append(Button(ctx.t("Add a receipt"), f"receipts {asked.id}"))
    blocks.append(Button(ctx.t("Withdraw"), f"withdraw {asked.handle}", confirm=confirm))
    return Card(ctx.t("Claimed {amount} for {tool}", amount=shown, tool=made.vendor), tuple(blocks))


def _limit(ctx: Context, category: Budget) -> str:
    return ctx.amount(category.allotment, category.unit)


def _provided(ctx: Context, year: YearOfClaims) -> list[Block]:
    """That the company pays for such a tool already, to whoever claims it."""
    if not year.provided:
        return []
    values = {"service": year.provided}
    if year.has_seat:
        return [Text(ctx.t("You already have a seat at {service} that the company pays.", **values))]
    return [Text(ctx.t("Your company already provides {service}. Ask there before you buy it again.", **values))]


def _twice(ctx: Context, year: YearOfClaims, made: Claim, category: Budget, reason: str) -> Card:
    """The question before the same is claimed again."""
    twin = next(each for each in year.alike(made) if is_twin(each.claim, made))
    values = {
        "number": twin.request.id,
        "amount": paid_words(ctx, made),
        "tool": twin.claim.vendor,
        "month": ctx.month(made.month),
    }
    text = ctx.t("Claim #{number} is for {amount}, {tool}, {month}, too. Nothing is sent yet.", **values)
    again = say_again(made, category.name, reason, SECOND)
    look = Button(ctx.t("Look at #{number}", number=twin.request.id), f"history {twin.request.handle}")
    send = Button(ctx.t("It is another purchase: send it"), again)
    return Card(ctx.t("Did you claim this already?"), (Text(text), look, send), "warn")


def _form(
    ctx: Context, categories: Sequence[Budget], amount: Amount | None, bought: Bought | None, reason: str
) -> Card:
    choices = tuple((each.name, f"{each.name}: {_limit(ctx, each)}") for each in categories)
    which = [] if len(categories) == 1 else [Input("category", ctx.t("Which budget?"), form="choice", choices=choices)]
    return Card(
        ctx.t("Claim what you paid yourself"),
        (
            Input(
                "amount",
                ctx.t("How much did you pay?"),
                value=str(amount) if amount else "",
                hint=ctx.t("As on the receipt, for example: {example}", example="20 USD"),
            ),
            Input("tool", ctx.t("For which tool?"), value=bought.tool if bought else ""),
            Input(
                "day",
                ctx.t("When did you buy it?"),
                optional=True,
                form="date",
                value=str(min(bought.span.end - timedelta(days=1), ctx.today)) if bought and bought.span else "",
                hint=ctx.t("If empty: today"),
                most=str(ctx.today),
            ),
            *which,
            Input("reason", ctx.t("What is it for?"), form="long", value=reason),
            receipt_input(ctx),
            Button(ctx.t("Send"), "claim", style="primary"),
        ),
    )


# Lists ---------------------------------------------------------------------------------------------------------------


def claims_(ctx: Context, which: Which = "", page: Page = 1, as_csv: AsFile = False) -> Card:
    """Your claims of the last 13 months, and what is left of each yearly budget.

    “claims all” shows everybody's, “claims unpaid” what is approved and not paid back; both for finance and admins.
    “claims as csv” sends the list as a file.
    """
    since = ctx.now - SHOWN_FOR
    if which and not sees_all(ctx):
        raise RefusedError("Only finance and admins see everybody's claims. To see yours, say: claims")
    if which == UNPAID:
        found = claims.unpaid(ctx.conn)
    elif which:
        found = claims.every(ctx.conn, since)
    else:
        found = claims.of_account(ctx.conn, ctx.account_id, since)
    counted = ctx.nt("{n} claim", "{n} claims", len(found)) if found else ctx.t("No claims")
    if as_csv:
        return as_file(ctx, counted, f"claims-{ctx.today}", *_cells(ctx, found))
    part = part_of(found[::-1], page)
    names = _people(ctx, part.rows) if which else {}
    left = [] if which else _left_of_each(ctx, found)
    title = ctx.t("{category}: {left} of {limit} left this year", **left[0]) if len(left) == 1 else counted
    blocks: list[Block] = [_years(ctx, left)] if len(left) > 1 else []
    if not which and not left:
        blocks.append(Text(ctx.t("There is no budget for claims that you could use. Ask finance.")))
    if found:
        rows = tuple(_row(ctx, each, names.get(each.request.asker_id, "")) for each in part.rows)
        blocks.append(_table(ctx, part.captioned(ctx, ctx.t("Claims")), rows, named=bool(which)))
    elif left:
        blocks.append(Text(ctx.t("You have claimed nothing in the last 13 months.")))
    says = f"claims {which}".strip()
    blocks += part.buttons(ctx, says)
    blocks += [] if which else _without_receipt(ctx, part.rows)
    if not which and categories_of_speaker(ctx):
        blocks.append(Button(ctx.t("Claim what you paid yourself"), "claim"))
    return Card(title, tuple(blocks))


def _without_receipt(ctx: Context, found: Sequence[Claimed]) -> list[Block]:
    """The way to add a receipt to claims that may have one and have none."""
    may = [one.request.id for one in found if is_open(one.request, one.claim)]
    having = receipts.counted(ctx.conn, may) if may else {}
    missing = [each for each in may if each not in having][:ADDED_MAX]
    return [Button(ctx.t("Add the receipt of #{number}", number=each), f"receipts {each}") for each in missing]


def payroll(ctx: Context, page: Page = 1, as_csv: AsFile = False) -> Card:
    """What is approved and not paid back yet, for payroll; for finance and admins.

    “payroll as csv” sends it as a file. When it is paid, say which: “paid 42 43”.
    """
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins see what payroll has to pay. To see your claims, say: claims")
    found = claims.unpaid(ctx.conn)
    unit = ctx.policy.organization.currency
    total = sum(each.request.resolved_amount for each in found if each.request.unit == unit)
    title = ctx.t("{amount} to pay back", amount=ctx.amount(total, unit))
    if as_csv:
        return as_file(ctx, title, f"payroll-{ctx.today}", *_cells(ctx, found))
    if not found:
        return Card(ctx.t("Nothing to pay back"))
    part = part_of(found, page)
    names = _people(ctx, part.rows)
    rows = tuple(_row(ctx, each, names.get(each.request.asker_id, "")) for each in part.rows)
    numbers = " ".join(str(each.request.id) for each in part.rows)
    confirm = ctx.nt("Note that this {n} claim is paid back?", "Note that these {n} claims are paid back?", len(rows))
    return Card(
        title,
        (
            _table(ctx, part.captioned(ctx, ctx.t("Approved claims")), rows),
            Button(ctx.t("As CSV"), "payroll as csv"),
            Button(ctx.t("These are paid back"), f"paid {numbers}", confirm=confirm),
            *part.buttons(ctx, "payroll", file=False),
        ),
    )


def paid(ctx: Context, numbers: Rest) -> Card:
    """Note that payroll has paid back some claims: “paid 42 43”. For finance; the claimants are told."""
    if "finance" not in ctx.person.roles:
        raise RefusedError("Only finance notes what is paid back.")
    said = [each.removeprefix("#") for each in numbers.replace(",", " ").split()]
    wrong = [each for each in said if not each.isdecimal() or len(each) > requests.ID_DIGITS_MAX]
    if wrong or not 0 < len(said) <= NUMBERS_MAX:
        raise RefusedError(
            "Say the numbers of at most {n} claims, such as: {example}", n=NUMBERS_MAX, example="paid 42 43"
        )
    found = {each.request.id: each for each in claims.numbered(ctx.conn, {int(each) for each in said})}
    unknown = [each for each in dict.fromkeys(map(int, said)) if each not in found]
    if unknown:
        raise RefusedError("There is no claim #{number}. Nothing was noted.", number=unknown[0])
    for one in found.values():
        if one.claim.paid_at:
            raise RefusedError("Claim #{number} is already paid back. Nothing was noted.", number=one.request.id)
        if one.request.state != "approved":
            raise RefusedError("Claim #{number} is not approved. Nothing was noted.", number=one.request.id)
    claims.note_paid(ctx.conn, list(found), ctx.now, ctx.person.id)
    _people(ctx, list(found.values()))
    ctx.places_of({each.request.asker_id for each in found.values()})
    for one in found.values():
        deed(ctx, one.request, "paid", role_of(ctx), ctx.amount(one.request.resolved_amount, one.request.unit))
        _tell_paid(ctx, one)
    total = sum(each.request.resolved_amount for each in found.values())
    unit = next(iter(found.values())).request.unit
    title = ctx.nt("{n} claim is noted as paid back", "{n} claims are noted as paid back", len(found))
    return Card(title, (Facts(((ctx.t("Amount"), ctx.amount(total, unit)),)),), "good")


def _tell_paid(ctx: Context, one: Claimed) -> None:
    person = ctx.somebody(one.request.asker_id)
    if person and person.active:
        theirs = replace(ctx, person=person)
        amount = theirs.amount(one.request.resolved_amount, one.request.unit)
        title = theirs.t("{amount} for {tool} is paid back", amount=amount, tool=one.claim.vendor)
        facts = Facts(((theirs.t("Request"), f"#{one.request.id}"), (theirs.t("Reason"), one.request.reason)))
        card = Card(title, (facts, Button(theirs.t("Your claims"), "claims")), "good")
        theirs.tell(person.id, f"paid/{one.request.id}", card)


def categories_of_speaker(ctx: Context) -> list[Budget]:
    """The yearly budgets that the one who speaks may claim of."""
    account = ctx.account(ctx.account_id)
    return categories_of(ctx, account, ctx.person) if account else []


def _left_of_each(ctx: Context, found: Sequence[Claimed]) -> list[dict[str, str]]:
    """What is left of each yearly budget in the year that today is in: its name, what is left, and of how much."""
    first = period_of(ctx.today, "year", ctx.policy.budget_calendar).first
    years = []
    for each in categories_of_speaker(ctx):
        year = YearOfClaims(each, tuple(one for one in found if one.request.period_start == first))
        left = {"left": ctx.amount(year.left, each.unit), "limit": _limit(ctx, each)}
        years.append({"category": each.name, **left})
    return years


def _years(ctx: Context, left: Sequence[dict[str, str]]) -> Facts:
    """The same of several, below each other."""
    return Facts(tuple((each["category"], ctx.t("{left} of {limit} left this year", **each)) for each in left))


def _people(ctx: Context, found: Sequence[Claimed]) -> dict[str, str]:
    """Whose some claims are, by id; looked up once for all of them."""
    new = {each.request.asker_id for each in found} - ctx.known.keys()
    ctx.known.update(people.persons(ctx.conn, new) if new else {})
    persons = {each.request.asker_id: ctx.somebody(each.request.asker_id) for each in found}
    return {key: person.name if person else key for key, person in persons.items()}


def _table(ctx: Context, caption: str, rows: Sequence[tuple[str, ...]], *, named: bool = True) -> Table:
    """Rows of claims, with or without whose they are."""
    heads = (ctx.t("Claim"), ctx.t("Who"), ctx.t("Tool"), ctx.t("Month"), ctx.t("Amount"), ctx.t("State"))
    if named:
        return Table(caption, heads, tuple(rows), "llllrl")
    return Table(caption, (heads[0], *heads[2:]), tuple((row[0], *row[2:]) for row in rows), "lllrl")


def _row(ctx: Context, one: Claimed, name: str) -> tuple[str, ...]:
    request = one.request
    units = request.resolved_amount if request.state == "approved" else request.amount
    state = ctx.t("paid back") if one.claim.paid_at else ctx.t(STATES[request.state])
    amount = ctx.amount(units, request.unit)
    return (f"#{request.id}", name, one.claim.vendor, ctx.month(one.claim.month), amount, state)


COLUMNS = (
    "claim",
    "employee_number",
    "person",
    "name",
    "email",
    "tool",
    "month",
    "category",
    "paid_amount",
    "paid_currency",
    "rate",
    "rate_day",
    "amount",
    "currency",
    "state",
    "approved_on",
    "approved_by",
    "paid_back_on",
    "reason",
)


def _cells(ctx: Context, found: Sequence[Claimed]) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Claims as rows of a file."""
    _people(ctx, found)
    return COLUMNS, [_cell(ctx, each) for each in found]


def _cell(ctx: Context, one: Claimed) -> tuple[Cell, ...]:
    request, claim_ = one.request, one.claim
    person, approved = ctx.somebody(request.asker_id), request.state == "approved"
    return (
        request.id,
        person.number.partition("/")[2] if person else "",
        request.asker_id,
        person.name if person else "",
        person.email if person else "",
        claim_.vendor,
        f"{claim_.month:%Y-%m}",
        request.budget,
        in_units(claim_.amount, claim_.currency),
        claim_.currency,
        Decimal(claim_.rate_nanos) / NANOS,
        str(claim_.day),
        in_units(request.resolved_amount if approved else request.amount, request.unit),
        request.unit,
        "paid back" if claim_.paid_at else request.state,
        _day_of(ctx, request.resolved_at) if approved else "",
        request.resolved_by if approved else "",
        _day_of(ctx, claim_.paid_at),
        request.reason,
    )


def _day_of(ctx: Context, moment: datetime | None) -> str:
    return str(moment.astimezone(ctx.policy.zone).date()) if moment else ""
