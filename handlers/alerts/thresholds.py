"""Telling people, once, that a share of their limit is used up: before it hurts, and when it does.

Each percentage of a limit is armed until it fires. Whoever was told says that they know it, or is told again tomorrow.
It is armed again when the limit was raised above what is spent, and in the next period. Whatever is less than the whole
limit waits for working hours.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from handlers.access import is_for_all
from handlers.alerts.catching_up import MANY, OLD, can_be_told, is_old_news, tell_owners
from handlers.arguments import One
from handlers.budgets import BudgetStatus, current, lately_ended, spent_below, spent_of, unpriced, used
from handlers.card import Block, Button, Card, Facts, Gauge, Text
from handlers.context import CLOCK, Context
from handlers.errors import RefusedError
from handlers.events import CheckThresholds
from handlers.language import N_
from handlers.money import COUNTED
from handlers.money import percent as percent_of
from handlers.periods import Period
from handlers.place import named_place
from handlers.policy import Budget, ExceptionRule, after_working, is_working, rules_for
from handlers.provenance import as_of
from handlers.questions import facts, gauge, headed, looked_at, title_of, tone_of
from storage import alerts as store
from storage import ledger, people, spend, terms
from storage.alerts import WHOLE, Alert, Look, Used
from storage.directory import Person
from storage.people import Account
from storage.tables import ORGANIZATION

ENDED_ABOVE = {
    "day": N_("{amount} over the limit of {limit} on a day that is over"),
    "week": N_("Last week ended {amount} over the limit of {limit}"),
    "month": N_("Last month ended {amount} over the limit of {limit}"),
    "quarter": N_("Last quarter ended {amount} over the limit of {limit}"),
    "year": N_("Last year ended {amount} over the limit of {limit}"),
}
LATER_HOURS = 9  # of working time: the same time on the next working day


# The rule: plain data in, plain data out -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from how a limit stands.

    Args:
        tell: the percentage that people are told of now, 0 for none.
        changed: the alerts that are different from now on.
    """

    tell: int
    changed: tuple[Alert, ...]


def step(now: datetime, limit: Used, percents: Sequence[int], before: Mapping[int, Alert], fresh: Alert) -> Step:
    """The next step of the alerts of one limit.

    Several that are reached at once are told once, by the highest. One below another that was told before is not told.

    Args:
        now: the moment.
        limit: how it stands.
        percents: those that people are told of.
        before: what was told, by percentage.
        fresh: an alert of this limit that was never told; its percentage does not matter.
    """
    reached = [each for each in sorted(percents) if _is_reached(limit, each)]
    rearmed = [
        replace(each, state="armed", until=None)
        for percent, each in before.items()
        if percent not in reached and each.state != "armed" and limit.limit > each.limit_units
    ]
    due = [each for each in reached if _is_due(before.get(each), now)]
    fired = [_fired(before.get(each) or fresh, each, limit, now) for each in due]
    tell = max(due) if due and max(due) == max(reached) else 0
    return Step(tell, tuple(sorted([*rearmed, *fired], key=lambda each: each.percent)))


def _is_reached(limit: Used, percent: int) -> bool:
    return limit.spent > 0 and limit.spent * 100 >= limit.limit * percent


def _is_due(alert: Alert | None, now: datetime) -> bool:
    if alert is None or alert.state == "armed":
        return True
    return alert.state == "snoozed" and alert.until is not None and alert.until <= now


def _fired(alert: Alert, percent: int, limit: Used, now: datetime) -> Alert:
    handle = alert.handle if alert.percent == percent else store.new_handle()
    return replace(
        alert,
        percent=percent,
        handle=handle,
        state="fired",
        limit_units=limit.limit,
        round=alert.round + 1,
        fired_at=now,
        until=None,
    )


# The commands --------------------------------------------------------------------------------------------------------


def check_thresholds(ctx: Context, _event: CheckThresholds) -> None:
    """Tell whoever has used up a share of a limit."""
    for each in ctx.policy.budgets:
        if each.alert_at and each.limit != "watch":
            _tell_of(ctx, each)
            for ended in lately_ended(ctx, each):
                _tell_of_end(ctx, each, ended)


def known(ctx: Context, handle: One) -> Card:
    """Confirm that you have seen an alert. Its button says this."""
    alert = _alert_of(ctx, handle)
    store.note(ctx.conn, [replace(alert, state="known", until=None)])
    _refresh(ctx, alert, lambda theirs: theirs.t("{name} has seen this.", name=ctx.person.name))
    text = ctx.t("I'll notify you again when the next threshold is reached, or after the budget resets.")
    return Card(ctx.t("Noted"), (Text(text),))


def snooze(ctx: Context, handle: One) -> Card:
    """Get an alert again at this time on the next working day. Its button says this."""
    alert = _alert_of(ctx, handle)
    zone = ZoneInfo(ctx.person.zone or ctx.policy.organization.zone)
    until = after_working(ctx.now, LATER_HOURS, ctx.policy.working, zone)
    store.note(ctx.conn, [replace(alert, state="snoozed", until=until)])
    _refresh(
        ctx,
        alert,
        lambda theirs: theirs.t("{name} will be reminded on {time}.", name=ctx.person.name, time=theirs.moment(until)),
    )
    title = ctx.t("I'll remind you on {time}", time=ctx.moment(until))
    return Card(title, (Text(ctx.t("Unless there is enough budget again by then.")),))


def _alert_of(ctx: Context, handle: str) -> Alert:
    """An alert that the speaker was told; unknown and another's get the same answer."""
    alert = store.find(ctx.conn, handle)
    account = ctx.account(alert.account_id) if alert else None
    if alert is None or account is None or ctx.person.id not in {each.id for each in _whom(ctx, account)}:
        raise RefusedError("You have no such alert. To see your budget, say: balance")
    return alert


# Finding and telling -------------------------------------------------------------------------------------------------


def _tell_of(ctx: Context, budget: Budget) -> None:
    """Take the next step with every limit of a budget of which something is news."""
    period = current(ctx, budget)
    limits = _limits(ctx, budget, period)
    before = store.told(ctx.conn, budget.name, period.first, [each.account_id for each in limits])
    changed: list[Alert] = []
    for limit in limits:
        fresh = Alert(budget.name, period.first, limit.account_id, 0, "", "armed", 0, 0, ctx.now)
        next_ = step(ctx.now, limit, budget.alert_at, before.get(limit.account_id, {}), fresh)
        if not next_.tell or _tell(ctx, budget, period, limit, next_):
            changed += next_.changed
    store.note(ctx.conn, sorted(changed, key=lambda each: (each.account_id, each.percent)))


def _tell_of_end(ctx: Context, budget: Budget, period: Period) -> None:
    """Tell whose limit was passed by figures that came after its period had ended, unless they were told before."""
    limits = [each for each in _limits(ctx, budget, period, ended=True) if each.spent > each.limit]
    before = store.told(ctx.conn, budget.name, period.first, [each.account_id for each in limits])
    changed: list[Alert] = []
    for limit in limits:
        fresh = Alert(budget.name, period.first, limit.account_id, 0, "", "armed", 0, 0, ctx.now)
        told = before.get(limit.account_id, {})
        if any(percent >= WHOLE and each.state != "armed" for percent, each in told.items()):
            continue  # they know that it was passed
        next_ = step(ctx.now, limit, (WHOLE,), told, fresh)
        if next_.tell and _tell(ctx, budget, period, limit, next_, ended=True):
            changed += next_.changed
    store.note(ctx.conn, sorted(changed, key=lambda each: (each.account_id, each.percent)))


def _limits(ctx: Context, budget: Budget, period: Period, *, ended: bool = False) -> list[Used]:
    """Every limit by a rule of which something may be news, but for old news of very many."""
    if budget.is_pool or budget.zone not in ("", ctx.policy.organization.zone):
        return _read(ctx, budget, period)
    look = _look(ctx, budget, period, ended=ended)
    said = terms.of(ctx.conn, budget.name, period.first)
    found = store.news(ctx.conn, look, said, MANY + 1)
    if len(found) <= MANY:
        return found
    if is_old_news(ctx, budget, store.tally(ctx.conn, look, said, ctx.today - OLD)):
        if not can_be_told(ctx):
            return []
        store.hush(ctx.conn, look, said)
        tell_owners(ctx, budget, period)
    return store.news(ctx.conn, look, said)


def _look(ctx: Context, budget: Budget, period: Period, *, ended: bool = False) -> Look:
    return Look(
        budget.name,
        period.first,
        period.end,
        (WHOLE,) if ended else tuple(sorted(budget.alert_at)),
        ctx.now,
        tokens=budget.unit in COUNTED,
        models=_models(ctx, budget, period),
        over=ended,
    )


def used_up(ctx: Context, budget: Budget, period: Period) -> list[Used]:
    """Every limit by a rule that is used up, whether anybody was told of it or not."""
    if budget.is_pool or budget.zone not in ("", ctx.policy.organization.zone):
        return [each for each in _read(ctx, budget, period) if each.spent >= each.limit]
    return store.passed(ctx.conn, _look(ctx, budget, period), terms.of(ctx.conn, budget.name, period.first))


def _read(ctx: Context, budget: Budget, period: Period) -> list[Used]:
    """Every limit by a rule of a pool, or of one that cuts days by another zone."""
    posted = ledger.whole_shares(ctx.conn, budget.name, period.first)
    limits = {each: sums.allotment + sums.moved for each, sums in posted.items() if sums.allotment + sums.moved}
    if budget.is_pool:
        limits[budget.account_id] = sum(limits.values())
    if set(limits) == {budget.account_id}:
        spent = {budget.account_id: spent_of(ctx, budget, period, budget.account_id)}
    else:
        spent = spent_below(ctx, budget, period, budget.account_id or ORGANIZATION)
    return [Used(each, limit, used(ctx.policy, budget, spent.get(each, []))) for each, limit in sorted(limits.items())]


def _models(ctx: Context, budget: Budget, period: Period) -> tuple[str, ...] | None:
    """The models in use that count against a budget, None for all."""
    if budget.models == "all":
        return None
    everything = spend.spent_by(ctx.conn, ORGANIZATION, period.first, period.end, "model")
    return tuple(each.name for each in everything if ctx.policy.covers(budget, each.name))


def _tell(ctx: Context, budget: Budget, period: Period, limit: Used, next_: Step, *, ended: bool = False) -> bool:
    """Tell whom it concerns, unless it can wait for their working hours, or nobody is left whom it concerns."""
    account = ctx.account(limit.account_id)
    whom = _whom(ctx, account) if account else []
    if account is None or not account.active or not whom or not still_binds(ctx, budget, account):
        return False
    zone = ZoneInfo(whom[0].zone or ctx.policy.organization.zone)
    if next_.tell < WHOLE and not is_working(ctx.now, ctx.policy.working, zone):
        return False
    alert = next(each for each in next_.changed if each.percent == next_.tell)
    status = _of_ended(ctx, budget, period, account, limit) if ended else _of_now(ctx, account, alert)
    if status is None:
        return False
    for person in whom:
        theirs = replace(ctx, person=person)
        card = (
            _ended_card(theirs, account, status, (_got_it(theirs, alert),))
            if ended
            else _card(theirs, account, status, _answers(theirs, alert))
        )
        theirs.tell(person.id, _key(alert), card)
    if budget.alert_in and account.id == budget.account_id:
        place = named_place(budget.alert_in)
        there = replace(ctx, person=CLOCK, place=place)
        card = _ended_card(there, account, status, ()) if ended else _card(there, account, status, ())
        ctx.show(_key(alert), place, replace(card, personal=not is_for_all(there, account.id)))
    return True


def _refresh(ctx: Context, alert: Alert, note: Callable[[Context], str]) -> None:
    """Let the messages about an alert say what was answered, without the buttons that are used up."""
    account = ctx.account(alert.account_id)
    status = _of_now(ctx, account, alert) if account else None
    if account is None or status is None:
        return  # its period is over
    for person in _whom(ctx, account):
        theirs = replace(ctx, person=person)
        card = _card(theirs, account, status, (Text(note(theirs), quiet=True),))
        theirs.tell(person.id, _key(alert), card, again=True)


def _whom(ctx: Context, account: Account) -> list[Person]:
    """The person or the owner; finance for what nobody owns."""
    owner = people.person(ctx.conn, account.owner_id) if account.owner_id else None
    if owner and owner.active:
        return [owner]
    return people.people_with_role(ctx.conn, "finance") if account.kind != "person" else []


def still_binds(ctx: Context, budget: Budget, account: Account) -> bool:
    """Whether a limit that was posted still counts: roles, groups and teams come and go within a period."""
    alone = len(ctx.policy.rules_named(budget.name)) == 1
    if budget.is_pool or (alone and budget.who in ("every person", "every agent")):
        return True
    person = people.person(ctx.conn, account.person_id)
    line = [each.id for each in ctx.line(account.id)]
    rules = rules_for(ctx.budgets_of(account.id), account, person, line)
    return any(each is budget or _is_instead_of(each, budget) for each in rules)


def _is_instead_of(rule: Budget, budget: Budget) -> bool:
    """Whether a rule is an exception to another: its threshold is told by the marks of that one."""
    return isinstance(rule, ExceptionRule) and (rule.name, rule.beneath) == (budget.name, budget.who)


def _of_now(ctx: Context, account: Account, alert: Alert) -> BudgetStatus | None:
    """How the limit of an alert stands, as in a balance; None if its period is over."""
    key = (alert.budget, alert.account_id, alert.period_start)
    found = looked_at(ctx, account)
    return next((each for each in found if (each.budget.name, each.account_id, each.period.first) == key), None)


def _of_ended(ctx: Context, budget: Budget, period: Period, account: Account, limit: Used) -> BudgetStatus:
    """How the limit of a period that is over ended; a share is called after its pool, as everywhere."""
    pool = ctx.account(budget.account_id) if budget.is_pool and account.id != budget.account_id else None
    name, is_share = (pool or account).name, pool is not None
    outside = unpriced(ctx.policy, budget, spent_of(ctx, budget, period, account.id))
    return BudgetStatus(
        budget, account.id, name, period, limit.limit, 0, limit.spent, is_share=is_share, unpriced=outside
    )


def _key(alert: Alert) -> str:
    return f"alert/{alert.handle}/{alert.round}"


def _answers(ctx: Context, alert: Alert) -> tuple[Button, ...]:
    later = Button(ctx.t("Remind me tomorrow"), f"snooze {alert.handle}")
    return later, _got_it(ctx, alert)


def _got_it(ctx: Context, alert: Alert) -> Button:
    return Button(ctx.t("Got it"), f"known {alert.handle}")


def _ended_card(ctx: Context, account: Account, status: BudgetStatus, end: Sequence[Block]) -> Card:
    """That a period ended above its limit, after all."""
    unit, period = status.budget.unit, status.period
    amount, limit = ctx.amount(-status.left, unit), ctx.amount(status.limit, unit)
    title = headed(ctx, account, ctx.t(ENDED_ABOVE[period.every], amount=amount, limit=limit))
    caption = ctx.t(
        "{used} of {limit} used ({percent} %)",
        used=ctx.amount(status.spent, unit),
        limit=limit,
        percent=percent_of(status.spent, status.limit),
    )
    first, last = ctx.day(period.first), ctx.day(period.end - timedelta(days=1))
    days = first if first == last else ctx.t("{first} to {last}", first=first, last=last)
    why = Text(ctx.t("Some usage was reported after the budget had reset. It counts for the days on which it was."))
    bar = Gauge(days, max(0, status.permille), caption, "bad")
    return Card(title, (bar, why, *end, as_of(ctx)), "bad")


def _card(ctx: Context, account: Account, status: BudgetStatus, end: Sequence[Block]) -> Card:
    """What was reached, how fast it goes, what can be done."""
    facts_ = Facts(tuple(facts(ctx, status)))
    blocks = (gauge(ctx, status), facts_, *_buttons(ctx, account, status), *end, as_of(ctx, first=status.period.first))
    return Card(title_of(ctx, account, status), blocks, tone_of(status))


def _buttons(ctx: Context, account: Account, status: BudgetStatus) -> Iterator[Button]:
    mine, said = account.id == ctx.account_id, account.id.replace("/", " ")
    if account.kind in ("person", "agent") and not status.is_share and ctx.person.id != CLOCK.id:
        whose = "" if mine else f" for {said}"
        yield Button(ctx.t("Ask for more"), f"request{whose} of {status.budget.name}", style="primary")
    yield Button(ctx.t("Where did it go?"), "spend by model" if mine else f"spend of {said} by model")
