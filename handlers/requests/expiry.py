"""Why a request that waits can no longer be granted: its day is over, somebody or something of it is gone."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from handlers.budgets import current
from handlers.context import Context
from handlers.language import N_
from handlers.periods import Period, period_of
from handlers.policy import Budget, next_workday, rules_for
from handlers.requests.approvers import deciders
from handlers.requests.case import Case
from handlers.requests.claimed import category_named

EXPIRED = {
    "silent": N_("Request #{number} has expired: nobody decided in time."),
    "period": N_("Request #{number} was for spending until {day}, which is over."),
    "asker": N_("Request #{number} has expired: {name} has left."),
    "account": N_("Request #{number} has expired: {account} is no longer there."),
    "owner": N_("Request #{number} has expired: {name} no longer owns {account}."),
    "budget": N_("Request #{number} has expired: the budget “{budget}” no longer applies to {account}."),
    "provider": N_("Request #{number} has expired: {service}, where it was asked, is no longer connected."),
    "nobody": N_("Request #{number} has expired: nobody is left who can decide it."),
    "unreached": N_("Request #{number} has expired: nobody who may decide it can be reached."),
}
"""Why a request expired, from the word that is stored with it."""


def why_expired(ctx: Context, case: Case) -> str:
    """The word for what stands against a request that waits, "" if nothing does. Nothing is read."""
    request, asker, account = case.request, case.person(case.request.asker_id), case.account
    service = request.origin.partition("/")[0]
    rule = rule_of(ctx, case)
    reasons = {
        "asker": asker is None or not asker.active,
        "account": account is None or not account.active,
        "owner": account is not None and account.kind == "agent" and account.owner_id != request.asker_id,
        "budget": _has_none(ctx, case) if request.is_claim else rule is None,
        "period": rule is not None and _is_over(ctx, case, rule),
        "provider": bool(service) and ctx.policy.vendor(service) is None,
        "nobody": not deciders(case),
    }
    return next((why for why, is_so in reasons.items() if is_so), "")


def _has_none(ctx: Context, case: Case) -> bool:
    """Whether somebody has no yearly budget any more of what they claim."""
    return category_named(ctx, case.account, case.person(case.request.asker_id), case.request.budget) is None


def next_period(ctx: Context, case: Case) -> Period | None:
    """The period for which a request can still be approved whose own has just ended, None if it can't.

    That is so until the end of the first working day, if it was asked for the whole of the period before.
    """
    request, rule = case.request, rule_of(ctx, case)
    if rule is None or request.is_exception or request.state != "pending":
        return None
    now = current(ctx, rule)
    last = now.first - timedelta(days=1)
    before = period_of(last, rule.every, ctx.policy.budget_calendar)
    if (request.period_start, request.until) != (before.first, last):
        return None
    return now if today_of(ctx, rule) <= next_workday(now.first, ctx.policy.working) else None


def can_be_decided(ctx: Context, case: Case) -> bool:
    """Whether a request that waits can be granted, in its period or in the one that has just begun."""
    why = why_expired(ctx, case)
    return not why or (why == "period" and next_period(ctx, case) is not None)


def in_words(ctx: Context, case: Case, why: str) -> tuple[str, dict[str, Any]]:
    """A sentence of EXPIRED with what fills its placeholders."""
    request, account = case.request, case.account
    values = {
        "number": request.id,
        "day": ctx.last_day(request.until),
        "name": case.name_of(request.asker_id),
        "account": account.name if account else request.account_id.partition("/")[2],
        "budget": request.budget,
        "service": request.origin.partition("/")[0],
    }
    return EXPIRED.get(why, EXPIRED["silent"]), values


def rule_of(ctx: Context, case: Case) -> Budget | None:
    """The budget of which more was asked, None if app.yaml has it no more or it no longer binds the account."""
    request, account = case.request, case.account
    if account is None:
        return None
    person = case.person(account.person_id) if account.person_id else None
    rules = rules_for(ctx.budgets_of(account.id), account, person, [each.id for each in case.line])
    return next((each for each in rules if each.name == request.budget and each.unit == request.unit), None)


def today_of(ctx: Context, rule: Budget) -> date:
    """The day it is where a budget cuts its periods."""
    return ctx.now.astimezone(ZoneInfo(rule.zone)).date() if rule.zone else ctx.today


def _is_over(ctx: Context, case: Case, rule: Budget) -> bool:
    """Whether what is granted would no longer count: its day is over, or app.yaml cuts the periods otherwise now."""
    request = case.request
    ended = not request.is_exception and current(ctx, rule).first != request.period_start
    return ended or request.until < today_of(ctx, rule)
