"""What an exception brings about: a rule of its own from the moment it is approved until it ends, and entries.

An exception stands in for the rule of app.yaml in the present period at once, and in each one that begins while it
lasts. When it ends within a period, what is not spent of the difference is taken away.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from handlers.budgets import BudgetStatus, allotment_of, current, post, statuses
from handlers.card import Block, Button, Card, Facts, Text
from handlers.context import CLOCK, Context
from handlers.events import SyncAccount
from handlers.language import N_
from handlers.policy import Budget, rules_for
from handlers.requests.wording import PER
from storage import exceptions, people, requests
from storage.directory import Person
from storage.exceptions import BudgetException, NewException
from storage.ledger import Entry
from storage.people import Account
from storage.requests import Request
from storage.tables import FOREVER

REPLACED = "another one"
LEFT = "no longer there"
LAST_DAY = "its last day is over"


def begin(ctx: Context, request: Request) -> list[BudgetStatus]:
    """Let a limit count that was approved, in place of app.yaml's and of an earlier exception.

    Returns:
        How all budgets of the account stand with it.
    """
    account = ctx.account(request.account_id)
    if account is None:
        return []
    former = [each for each in ctx.exceptions() if (each.account_id, each.budget) == (account.id, request.budget)]
    if former:
        _close(ctx, former, request.resolved_by, REPLACED)
    beneath = next((each for each in base_rules(ctx, account) if each.name == request.budget), None)
    new = NewException(
        request_id=request.id,
        account_id=account.id,
        budget=request.budget,
        rule=beneath.who if beneath else "",
        amount=request.resolved_amount,
        unit=request.unit,
        until=request.until,
        reason=request.reason,
        asked_by=request.asker_id,
        approved_by=request.resolved_by,
        approved_at=ctx.now,
    )
    ctx.now_excepted([exceptions.begin(ctx.conn, new)], ())
    return _adjust(ctx, account, request.budget, f"exception/{request.id}")


def finish(ctx: Context, one: BudgetException, note: str) -> None:
    """End an exception, as whoever speaks says or because its last day is over; app.yaml counts again.

    Args:
        ctx: of whoever ends it.
        one: which.
        note: why, for the audit and the ledger.
    """
    account = ctx.account(one.account_id)
    _close(ctx, [one], ctx.person.id, note)
    if account:
        cause = f"exception/{one.request_id}/ended"
        _adjust(ctx, account, one.budget, cause)
        _adjust_what_is_carried_on(ctx, account, one, cause)


def _adjust_what_is_carried_on(ctx: Context, account: Account, one: BudgetException, cause: str) -> None:
    """Take back what is left of an exception whose period ended with it: like a grant, it is not carried on."""
    rule = next((each for each in base_rules(ctx, account) if each.name == one.budget), None)
    if rule is None or rule.rollover_max == 0 or one.until >= current(ctx, rule).first:
        return
    zone = ZoneInfo(rule.zone) if rule.zone else ctx.policy.zone
    _adjust(replace(ctx, now=datetime.combine(one.until, time(12), zone).astimezone(UTC)), account, one.budget, cause)


def _close(ctx: Context, ended: Sequence[BudgetException], by: str, note: str) -> None:
    exceptions.end(ctx.conn, ended, ctx.now, by, note)
    requests.note_ended(ctx.conn, [each.request_id for each in ended], ctx.now)
    ctx.now_excepted((), ended)


def _adjust(ctx: Context, account: Account, name: str, cause: str) -> list[BudgetStatus]:
    """Let the present period's limit be what the rule gives that counts now; what was spent stays allowed.

    What is reserved is not spent: who reserves before the end and lets go of it after would keep the difference.
    """
    found = statuses(ctx, account)
    status = _own(found, account, name)
    if status is None:
        return found
    person = ctx.somebody(account.person_id) if account.person_id else None
    wanted = allotment_of(status.budget, status.period, person.joined if person else None)
    difference = max(wanted - status.allotment, -max(0, status.left))
    if difference:
        # Whoever has what the terms say gets it as an entry of their own first: a difference alone would be all.
        post(ctx, _entry(ctx, status, status.allotment), _entry(ctx, status, difference, cause))
    else:
        ctx.emit(f"{account.id}/{cause}", SyncAccount(account.id))
    return [replace(each, allotment=each.allotment + difference) if each is status else each for each in found]


def _own(found: Sequence[BudgetStatus], account: Account, name: str) -> BudgetStatus | None:
    return next((each for each in found if (each.account_id, each.budget.name) == (account.id, name)), None)


def _entry(ctx: Context, status: BudgetStatus, amount: int, cause: str = "") -> Entry:
    return Entry(
        key="/".join(
            filter(None, ("allotment", status.budget.name, status.account_id, f"{status.period.first}", cause))
        ),
        account_id=status.account_id,
        budget=status.budget.name,
        period_start=status.period.first,
        kind="allotment",
        amount=amount,
        unit=status.budget.unit,
        said_by=ctx.person.id,
        note=cause,
        posted_at=ctx.now,
    )


def base_rules(ctx: Context, account: Account) -> list[Budget]:
    """The rules of app.yaml that would bind an account if there were no exceptions."""
    person = ctx.somebody(account.person_id) if account.person_id else None
    return rules_for(ctx.policy.budgets, account, person, [each.id for each in ctx.line(account.id)])


def end_exceptions(ctx: Context) -> None:
    """End exceptions whose last day is over or whose account is gone, and tell whom it concerns, also a day before."""
    running = ctx.exceptions()
    ctx.look_up({each.account_id for each in running})
    for one in running:
        account = ctx.account(one.account_id)
        if account is None or not account.active:
            finish(ctx, one, LEFT)
            ctx.deed("ended", f"request/{one.request_id}", LEFT)
        elif one.until < ctx.today:
            finish(ctx, one, LAST_DAY)
            ctx.deed("ended", f"request/{one.request_id}", LAST_DAY)
            tell(ctx, one, N_("The exception of {name} has ended: {amount}"), key="ended")
        elif one.until == ctx.today:
            tell(ctx, one, N_("The exception of {name} ends tonight: {amount}"), key="ending")
        elif not _has_rule(ctx, one):
            tell(ctx, one, N_("The exception of {name} does not count now: {amount}"), key="without-budget")


def _has_rule(ctx: Context, one: BudgetException) -> bool:
    return any(each.unit == one.unit for each in ctx.policy.rules_named(one.budget))


def tell(ctx: Context, one: BudgetException, text: str, *, key: str, note: str = "") -> None:
    """Tell those concerned that something became of an exception: whose it is, who asked and who approved it.

    Args:
        ctx: of whoever did it, who needs not hear it.
        one: which.
        text: with the placeholders `name` and `amount`.
        key: names the message, with the request.
        note: why, in the words of whoever did it.
    """
    account = ctx.account(one.account_id)
    owner = (account.person_id or account.owner_id) if account else ""
    whom = dict.fromkeys(each for each in (owner, one.asked_by, one.approved_by) if each not in ("", ctx.person.id))
    ctx.places_of(list(whom))
    for person in people.persons(ctx.conn, whom).values() if whom else ():
        if person.active:
            theirs = replace(ctx, person=person)
            theirs.tell(person.id, f"exception/{one.request_id}/{key}", _news(theirs, one, account, text, note))


def _news(theirs: Context, one: BudgetException, account: Account | None, text: str, note: str) -> Card:
    facts = [
        (theirs.t("Request"), f"#{one.request_id}"),
        (theirs.t("Reason"), one.reason),
        *([beneath_fact(theirs, one, account)] if account else []),
    ]
    title = theirs.t(text, name=account.name if account else one.account_id, amount=limit_of(theirs, one))
    blocks: list[Block] = [*([Text(f"“{note}”")] if note else []), Facts(tuple(facts))]
    if one.asked_by == theirs.person.id:
        agent = f" for {one.account_id.replace('/', ' ')}" if one.account_id.startswith("agent/") else ""
        blocks += [
            Button(theirs.t("What is left?"), "balance"),
            Button(theirs.t("Ask again"), f"raise{agent} of {one.budget} {one.reason}"),
        ]
    return Card(title, tuple(blocks), "warn")


def beneath_fact(ctx: Context, one: BudgetException, account: Account) -> tuple[str, str]:
    """What app.yaml says beside an exception, whatever it said when this was approved."""
    rule = next((each for each in base_rules(ctx, account) if each.name == one.budget), None)
    if rule is not None and rule.unit == one.unit:
        said = ctx.t(PER[rule.every], amount=ctx.amount(rule.allotment, rule.unit))
    elif _has_rule(ctx, one):
        said = ctx.t("no limit for them")
    else:
        said = ctx.t("no budget “{budget}” any more", budget=one.budget)
    return ctx.t("In app.yaml"), said


def limit_of(ctx: Context, one: BudgetException) -> str:
    """An exception's limit, such as "$400.00 a month"."""
    rule = next(iter(ctx.policy.rules_named(one.budget)), None)
    amount = ctx.amount(one.amount, one.unit)
    return ctx.t(PER[rule.every], amount=amount) if rule else amount


def until_of(ctx: Context, one: BudgetException) -> str:
    """Until when it counts."""
    return ctx.t("no end (permanent)") if one.until == FOREVER else ctx.last_day(one.until)


def concerns(ctx: Context, one: BudgetException, person: Person) -> bool:
    """Whether an exception is somebody's to see: theirs, their agent's, asked or approved by them; finance sees all."""
    account = ctx.account(one.account_id)
    own = account is not None and person.id in (account.person_id, account.owner_id)
    return own or person.id in (one.asked_by, one.approved_by) or person.id == CLOCK.id
