"""What people see of a spike: what is spent, what it will have cost by the morning, and what to do."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import median_low
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from handlers.alerts.spikes.burn import HISTORY_DAYS, PRESSING
from handlers.budgets import statuses
from handlers.card import Block, Button, Card, Facts, Text, Tone
from handlers.context import Context
from handlers.language import N_
from handlers.limits import is_pausable
from handlers.policy import next_morning
from handlers.provenance import as_of
from storage import burn_rate, limits, spend
from storage.people import Account
from storage.spikes import Spike, SpikeRule, Verdict

EXPECTED_DAYS = 8  # today and a week
EXPECTED_TIMES, EXPECTED_TIMES_MORE = 3, 10
EXAMPLE_FLOORS = 20
TIMES_WHOLE, TIMES_MAX = 10, 1000  # from where on tenths, and figures, say nothing more
VERDICTS: Mapping[Verdict, str] = {"expected": N_("It was expected."), "unexpected": N_("It was not expected.")}
TITLES: Mapping[SpikeRule, str] = {
    "velocity": N_("{name} spends {now} an hour, usually {usual}"),
    "daily": N_("{name} spends {now} a day, usually {usual}"),
    "loop": N_("{name} may be in a loop, at {day} a day"),
    "weekly": N_("{name} spent {now} last week, usually {usual}"),
    "wave": N_("New agents together spend {now} a day"),
    "ceiling": N_("{name} spent {now}: {usual} was marked as expected"),
}
LATE_TITLES: Mapping[SpikeRule, str] = {
    "velocity": N_("{name} spent {amount} on {day}, at {now} an hour, usually {usual}"),
    "daily": N_("{name} spent {now} on {day}, usually {usual}"),
    "wave": N_("New agents together spent {now} on {day}"),
}
"""Of what was reported late, and is over, or may be."""
LATE = timedelta(hours=24)
NEW_TITLES: Mapping[SpikeRule, str] = {
    "velocity": N_("{name} spends {now} an hour, and has no history yet"),
    "daily": N_("{name} spends {now} a day, and has no history yet"),
}
"""Of whom nothing usual is known: it is measured by what somebody new may cost."""
NEW_LATE_TITLES: Mapping[SpikeRule, str] = {"daily": N_("{name} spent {now} on {day}, and had no history yet")}
"""Of these, what was reported late."""
REASONS: Mapping[SpikeRule, tuple[str, str]] = {
    "velocity": (
        N_("{times} times the most expensive usual hour."),
        N_("Far more than the most expensive usual hour."),
    ),
    "daily": (
        N_("{times} times a usual day, and more than its most expensive days."),
        N_("Far more than a usual day, and more than its most expensive days."),
    ),
    "loop": (N_("Every request has the same size, hour after hour."),) * 2,
    "weekly": (
        N_("{times} times a usual week. The last eight weeks are compared."),
        N_("Far more than a usual week. The last eight weeks are compared."),
    ),
    "wave": (N_("They are new, so there is nothing to compare them with. This is one alert for all of them."),) * 2,
    "ceiling": (N_("More was spent than somebody expected."),) * 2,
}
"""Why a spike is one: with how many times the usual it is, and where next to nothing is usual."""


def spike_card(ctx: Context, account: Account, one: Spike) -> Card:
    """A spike that goes on, for one of those it concerns."""
    facts = [
        (ctx.t("Since"), ctx.moment(one.since)),
        (ctx.t("Above usual so far"), _money(ctx, one.excess_nanos)),
    ]
    late = is_late(ctx, one)
    if one.rule in PRESSING and not late:
        morning = next_morning(ctx.now, ctx.policy.working, ZoneInfo(ctx.person.zone or ctx.policy.organization.zone))
        likely = _money(ctx, _by(one, ctx.now, morning))
        facts.append(
            (ctx.t("By {time}", time=ctx.moment(morning)), ctx.t("{amount} if it continues", amount=likely)),
        )
    facts += _limit(ctx, account, one)
    facts += _model(ctx, account, one)
    blocks: list[Block] = [Text(_why(ctx, one)), Facts(tuple(facts))]
    if late and one.burns:
        blocks.append(Text(ctx.t("This was reported late, and nothing later is known yet: it may still go on.")))
    elif late:
        blocks.append(Text(ctx.t("This was reported late. It is over.")))
    if one.paused:
        blocks.append(Text(ctx.t("It is being paused automatically.")))
    elif is_paused(ctx, account):
        blocks.append(Text(ctx.t("It is already paused. Usage that is reported late may still appear.")))
    title = _title(ctx, account, one)
    title = ctx.t("Still going on: {title}", title=title) if one.told_times else title
    tone: Tone = "bad" if one.rule in PRESSING else "warn"
    return Card(title, (*blocks, *_buttons(ctx, account, one), as_of(ctx)), tone)


def over_card(ctx: Context, account: Account, one: Spike) -> Card:
    """A spike that is over, with its total."""
    start, end = (ctx.t("From"), ctx.moment(one.since)), (ctx.t("To"), ctx.moment(one.until))
    blocks: list[Block] = [Facts((start, end, *_model(ctx, account, one)))]
    if one.verdict:
        blocks.append(Text(ctx.t(VERDICTS[one.verdict])))
    else:
        blocks += [
            Button(ctx.t("It was expected"), f"expected {one.id}"),
            Button(ctx.t("It was not expected"), f"unexpected {one.id}"),
        ]
    amount = _money(ctx, one.excess_nanos)
    title = ctx.t("{name} is back to usual: {amount} above usual in total", name=ctx.called(account), amount=amount)
    return Card(title, (*blocks, as_of(ctx)))


def is_paused(ctx: Context, account: Account) -> bool:
    """Whether somebody has had it paused, at one provider at least."""
    held = limits.of_account(ctx.conn, account.id)
    return any(limits.find_paused(ctx.conn, each.provider, each.subject) for each in held)


def pause_button(ctx: Context, account: Account) -> Button:
    """Pauses an agent or a person."""
    confirm = ctx.t("Pause {name}? All requests are refused until somebody resumes {name}.", name=ctx.called(account))
    return Button(ctx.t("Pause"), f"pause {account.id.replace('/', ' ')}", style="danger", confirm=confirm)


def is_late(ctx: Context, one: Spike) -> bool:
    """Whether it was seen only when it was over, or nothing is known of the last day."""
    return one.rule in LATE_TITLES and (not one.burns or one.until + LATE < ctx.now)


def _title(ctx: Context, account: Account, one: Spike) -> str:
    name, now, usual = ctx.called(account), _money(ctx, one.now_nanos), _money(ctx, one.usual_nanos)
    if is_late(ctx, one):
        zone = UTC if one.rule == "daily" else ctx.policy.zone
        day = ctx.named_day((one.until - timedelta(seconds=1)).astimezone(zone).date())
        amount = _money(ctx, one.excess_nanos)
        titles = LATE_TITLES if one.usual_nanos else {**LATE_TITLES, **NEW_LATE_TITLES}
        return ctx.t(titles[one.rule], name=name, now=now, usual=usual, day=day, amount=amount)
    titles = TITLES if one.usual_nanos else {**TITLES, **NEW_TITLES}
    return ctx.t(titles[one.rule], name=name, now=now, usual=usual, day=_money(ctx, one.rate_nanos * 24))


def _why(ctx: Context, one: Spike) -> str:
    """How many times the usual: 1.8 times, 64 times; far more where next to nothing is usual."""
    if one.rule in NEW_TITLES and one.usual_nanos <= 0:
        return ctx.t("It is more than somebody new may spend without a word.")
    some, far = REASONS[one.rule]
    if one.now_nanos >= TIMES_MAX * one.usual_nanos or one.usual_nanos <= 0:
        return ctx.t(far)
    times = one.now_nanos / one.usual_nanos
    return ctx.t(some, times=format_decimal(times, "#,##0" if times >= TIMES_WHOLE else "0.0", locale=ctx.locale))


def _by(one: Spike, now: datetime, morning: datetime) -> int:
    return one.excess_nanos + one.rate_nanos * max(0, int((morning - now).total_seconds())) // 3600


def _limit(ctx: Context, account: Account, one: Spike) -> list[tuple[str, str]]:
    """What is left of its budget, or that there is none: a forgotten cap is how this begins."""
    found = [each for each in statuses(ctx, account) if each.budget.unit == ctx.policy.organization.currency]
    name = ctx.t("Limit")
    if not found:
        return [(name, ctx.t("none: no budget applies"))]
    status, left = found[0], found[0].remaining
    if status.left <= 0:
        return [(name, ctx.t("used up, {amount} over", amount=_money(ctx, -left)))]
    if left <= 0:
        return [(name, ctx.t("all that is left is reserved"))]
    amount = _money(ctx, left)
    if one.rate_nanos <= 0:
        return [(name, ctx.t("{amount} left", amount=amount))]
    hours = left // one.rate_nanos
    if hours < 1:
        return [(name, ctx.t("{amount} left, for less than an hour", amount=amount))]
    return [
        (name, ctx.nt("{amount} left, for about {n} hour", "{amount} left, for about {n} hours", hours, amount=amount))
    ]


def _model(ctx: Context, account: Account, one: Spike) -> list[tuple[str, str]]:
    """The model on which most of it goes."""
    first = one.since.astimezone(ctx.policy.zone).date()
    spent = spend.spent_by(ctx.conn, account.id, first, ctx.today + timedelta(days=2), "model")
    most = max(spent, key=lambda each: each.cost_nanos, default=None)
    return [(ctx.t("Mostly on"), most.name)] if most and most.name else []


def _buttons(ctx: Context, account: Account, one: Spike) -> list[Block]:
    buttons: list[Block] = []
    if not one.paused and is_pausable(ctx, account) and not is_paused(ctx, account):
        buttons.append(pause_button(ctx, account))
    return [
        *buttons,
        *_expected_buttons(ctx, one),
        Button(ctx.t("It is not expected"), f"unexpected {one.id}"),
        Button(ctx.t("Where did it go?"), f"spend of {account.id.replace('/', ' ')} by day"),
    ]


def ceiling(ctx: Context, one: Spike, times: int, days: int) -> int:
    """Up to how much an account may spend in some days, if so many times a spike is expected besides its usual days.

    A spike counts with what it will have cost above the usual by the next morning, if it goes on.
    """
    morning = next_morning(ctx.now, ctx.policy.working, ZoneInfo(ctx.person.zone or ctx.policy.organization.zone))
    likely = _by(one, ctx.now, morning) if one.burns and one.rule in PRESSING else one.excess_nanos
    first = ctx.today - timedelta(days=HISTORY_DAYS)
    known = [
        cost for cost in burn_rate.days(ctx.conn, [one.account_id], first).get(one.account_id, {}).values() if cost
    ]
    return times * likely + days * (median_low(known) if known else 0)


def _expected_buttons(ctx: Context, one: Spike) -> list[Button]:
    """That it is expected, each with its ceiling: of the usual few times, and of more."""
    few, many = (
        ctx.amount(ceiling(ctx, one, times, EXPECTED_DAYS), ctx.policy.organization.currency)
        for times in (EXPECTED_TIMES, EXPECTED_TIMES_MORE)
    )
    return [
        Button(ctx.t("It is expected, up to {amount}", amount=few), f"expected {one.id}"),
        Button(ctx.t("Up to {amount}", amount=many), f"expected {one.id} {EXPECTED_TIMES_MORE}x"),
    ]


def _money(ctx: Context, nanos: int) -> str:
    return ctx.amount(nanos, ctx.policy.organization.currency)
