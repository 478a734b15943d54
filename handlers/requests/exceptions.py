"""Exceptions: another limit than app.yaml gives, until a day or for good. They are decided as requests are."""

from collections.abc import Sequence
from datetime import date

from handlers.access import role_of, sees_all
from handlers.arguments import (
    End,
    FormText,
    MaybeEvery,
    MaybeLimit,
    MaybeOwner,
    OfBudget,
    One,
    Page,
    Rest,
    WhatFor,
    units_above_zero,
)
from handlers.budgets import BudgetStatus
from handlers.card import Block, Button, Card, Facts, Input, Table, Text
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.language import N_
from handlers.money import LIMIT_MAX
from handlers.pages import part_of
from handlers.periods import Every
from handlers.policy import ExceptionRule
from handlers.questions import gauge, looked_at
from handlers.requests.case import base_of, load
from handlers.requests.form import is_absurd, is_same, plain, sure
from handlers.requests.lasting import beneath_fact, concerns, finish, limit_of, tell, until_of
from handlers.requests.opening import NOTE_MAX, check_reason, open_request
from handlers.requests.submit import opened_card, own_account
from handlers.requests.wording import PER
from handlers.requests.write import record
from storage.exceptions import BudgetException
from storage.people import Account
from storage.tables import FOREVER

EXAMPLE = "raise me to 400 a month until 31 March: migration"
BUTTONS_MAX = 4
HOW_MUCH = {
    "day": N_("How much a day ({unit})?"),
    "week": N_("How much a week ({unit})?"),
    "month": N_("How much a month ({unit})?"),
    "quarter": N_("How much a quarter ({unit})?"),
    "year": N_("How much a year ({unit})?"),
}


def raise_(
    ctx: Context,
    whom: MaybeOwner = None,
    amount: MaybeLimit = None,
    every: MaybeEvery = None,
    budget: OfBudget = None,
    until: End = None,
    again: FormText = "",
    reason: WhatFor = "",
) -> Card:
    """Ask for another limit until a day, or for good: “raise me to 400 a month until 31 March: migration”.

    It is decided like a request for extra budget. Until it ends it counts instead of the limit in app.yaml. Without an
    amount or a day it opens a form.

    “raise crawler to 300 a month until 30 June: nightly reindex” asks for an agent that you own.
    """
    account = whom or own_account(ctx)
    found = looked_at(ctx, account)
    status = _chosen(ctx, account, found, budget.name if budget else "", every)
    reason = reason.lstrip(":：,， ")
    if amount is None or until is None:
        return _form(ctx, status, account, reason, units_above_zero(amount, status.budget.unit) if amount else 0)
    units = units_above_zero(amount, status.budget.unit)
    _refuse_what_is_none(ctx, status, units, until)
    check_reason(reason, EXAMPLE)
    if is_absurd(status, units) and not is_same(ctx, again, units, status.budget.unit):
        return _form(ctx, status, account, reason, units, until, absurd=True)
    opened = open_request(ctx, found, status, units, until, reason, kind="exception")
    return opened_card(ctx, opened, found, status)


def permanent(
    ctx: Context,
    amount: MaybeLimit = None,
    every: MaybeEvery = None,
    whom: MaybeOwner = None,
    budget: OfBudget = None,
    again: FormText = "",
    reason: WhatFor = "",
) -> Card:
    """Ask for another limit for good: “permanent: 400 a month for me: I lead the migration”."""
    return raise_(ctx, whom, amount, every, budget, FOREVER, again, reason)


def exceptions(ctx: Context, page: Page = 1) -> Card:
    """The exceptions that count now: yours and your agents', those you approved; finance sees all.

    Whoever approved one, finance, admins and whoever has it can end it.
    """
    running = ctx.exceptions()
    ctx.look_up({each.account_id for each in running})
    shown = [each for each in running if sees_all(ctx) or concerns(ctx, each, ctx.person)]
    if not shown:
        say = Text(ctx.t("To ask for one, say for example: {example}", example=EXAMPLE))
        return Card(ctx.t("No exceptions"), (say,))
    ctx.meet([account for each in shown if (account := ctx.account(each.account_id))])
    part = part_of(shown, page)
    rows = []
    for each in part.rows:
        account = ctx.account(each.account_id)
        rows.append(
            (
                f"#{each.request_id}",
                account.name if account else each.account_id,
                limit_of(ctx, each),
                each.budget,
                beneath_fact(ctx, each, account)[1] if account else "",
                until_of(ctx, each),
                _name(ctx, each.approved_by),
                each.reason[:60],
            )
        )
    columns = (
        ctx.t("Request"),
        ctx.t("For"),
        ctx.t("Limit"),
        ctx.t("Budget"),
        ctx.t("In app.yaml"),
        ctx.t("Until"),
        ctx.t("Approved by"),
        ctx.t("Reason"),
    )
    title = ctx.nt("{n} exception", "{n} exceptions", len(shown))
    blocks: list[Block] = [Table(part.captioned(ctx, ctx.t("Instead of app.yaml")), columns, tuple(rows), "llrlrlll")]
    blocks += [
        Button(ctx.t("End #{number}", number=each.request_id), f"end-exception {each.request_id}")
        for each in part.rows[:BUTTONS_MAX]
    ]
    return Card(title, (*blocks, *part.buttons(ctx, "exceptions", file=False)))


def end_exception(ctx: Context, number: One, reason: Rest = "") -> Card:
    """End an exception before its last day, with the reason: “end-exception 42 the project ended”.

    For whoever approved it, finance and admins, and for whoever has it, who needs no reason.
    """
    case = load(ctx, number)
    one = next((each for each in ctx.exceptions() if case and each.request_id == case.request.id), None)
    authority = _authority(ctx, one) if one else ""
    if case is None or one is None or not authority:
        raise RefusedError("There is no exception with that number for you to end. To see them, say: exceptions")
    account = case.account
    if not reason and authority != "own":
        why = Input("reason", ctx.t("Why? {name} will read it.", name=case.name_of(one.asked_by)), form="long")
        end = Button(ctx.t("End"), f"end-exception {number}", style="danger")
        title = ctx.t("End the exception of request #{number}", number=case.request.id)
        return Card(title, (_about(ctx, one, account), why, end))
    note = reason[:NOTE_MAX]
    record(ctx, case, case.changed(state="revoked", ended_at=ctx.now), "revoked", authority, note)
    finish(ctx, one, note)
    tell(ctx, one, N_("The exception of {name} was ended: {amount}"), key="ended", note=note)
    title = ctx.t("The exception of request #{number} has ended", number=case.request.id)
    return Card(title, (_about(ctx, one, account), Button(ctx.t("Exceptions"), "exceptions")))


def _authority(ctx: Context, one: BudgetException) -> str:
    """By which right whoever speaks may end an exception, "" by none."""
    account = ctx.account(one.account_id)
    if account and ctx.person.id in (account.person_id, account.owner_id):
        return "own"
    if ctx.person.id == one.approved_by:
        return "decider"
    return role_of(ctx) if sees_all(ctx) else ""


def _about(ctx: Context, one: BudgetException, account: Account | None) -> Facts:
    beneath = [beneath_fact(ctx, one, account)] if account else []
    name = account.name if account else one.account_id
    until = (ctx.t("Until"), until_of(ctx, one))
    return Facts(((ctx.t("For"), name), (ctx.t("Limit"), limit_of(ctx, one)), until, *beneath))


def _name(ctx: Context, person_id: str) -> str:
    """Who approved something."""
    if person_id == "rules":
        return ctx.t("the approval policy")
    person = ctx.somebody(person_id)
    return person.name if person else person_id


# Kernel --------------------------------------------------------------------------------------------------------------


def _chosen(
    ctx: Context, account: Account, found: Sequence[BudgetStatus], name: str, every: Every | None
) -> BudgetStatus:
    """The budget that is meant: the one that is named, else the first of its own with such periods.

    Raises:
        RefusedError: there is none.
    """
    if account.kind == "agent" and account.owner_id != ctx.person.id:
        raise RefusedError("Only the owner of {agent} can ask for it.", agent=account.name)
    own = [each for each in found if each.account_id == account.id and not each.is_share]
    if not own:
        raise RefusedError(
            "{name} has no budget of their own, so there is no limit to change. To ask for a share of a pool, say for "
            "example: {example}",
            name=account.name,
            example="request 50 finish the migration",
        )
    fitting = [each for each in own if name in ("", each.budget.name) and every in (None, each.budget.every)]
    if not fitting:
        known = ", ".join(
            f"{each.budget.name} ({ctx.t(PER[each.budget.every], amount=ctx.amount(each.limit, each.budget.unit))})"
            for each in own
        )
        raise RefusedError(
            "{name} has no such budget. Choose one of: {known}", fault="budget", name=account.name, known=known
        )
    return fitting[0]


def _refuse_what_is_none(ctx: Context, status: BudgetStatus, units: int, until: date) -> None:
    """Refuse a limit that is none above app.yaml's, or what somebody has already.

    Raises:
        RefusedError: as said.
    """
    rule, base = status.budget, base_of(ctx, status.budget)
    if until < ctx.today:
        raise RefusedError("{day} is in the past. Choose a day to come.", fault="until", day=ctx.last_day(until))
    if units > LIMIT_MAX:
        most = ctx.amount(LIMIT_MAX, rule.unit)
        raise RefusedError("That is too much. The most is {most}.", fault="amount", most=most)
    if units <= base.allotment:
        limit = ctx.t(PER[base.every], amount=ctx.amount(base.allotment, base.unit))
        raise RefusedError("The limit is {limit} already. Ask for more than that.", fault="amount", limit=limit)
    if isinstance(rule, ExceptionRule) and units <= rule.allotment and until <= rule.until:
        limit = ctx.t(PER[rule.every], amount=ctx.amount(rule.allotment, rule.unit))
        raise RefusedError(
            "The exception of request #{number} gives {limit} already.",
            fault="amount",
            number=rule.number,
            limit=limit,
        )


def _form(
    ctx: Context,
    status: BudgetStatus,
    account: Account,
    reason: str,
    units: int = 0,
    until: date | None = None,
    *,
    absurd: bool = False,
) -> Card:
    """The form; with an absurd amount it asks whether that is meant."""
    agent = "" if account.id == ctx.account_id else f" for {account.id.replace('/', ' ')}"
    unit, ends = status.budget.unit, ""
    if until is not None:
        ends = "permanent" if until == FOREVER else str(until)
    how_much = ctx.t(HOW_MUCH[status.budget.every], unit=unit)
    blocks: list[Block] = [gauge(ctx, status)]
    blocks.append(Input("amount", how_much, value=plain(units, unit) if units else ""))
    blocks += sure(ctx, status, units) if absurd else ()
    hint = ctx.t("For example: {example}", example=ctx.t("31 March, or: permanent"))
    blocks.append(Input("until", ctx.t("Until when?"), value=ends, hint=hint))
    blocks.append(Input("reason", ctx.t("What is it for?"), form="long", value=reason))
    blocks.append(Button(ctx.t("Send"), f"raise{agent} of {status.budget.name}", style="primary"))
    return Card(ctx.t("Ask for another limit"), tuple(blocks))
