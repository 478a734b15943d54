"""Credit that was paid ahead: how long it lasts, and telling finance before it is used up.

When it is gone the vendor refuses the calls of everybody, which is worse than any single budget that is passed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import partial

from handlers.card import Card, Text
from handlers.context import Context
from handlers.events import CheckCredit
from handlers.notify import tell_finance
from storage import prepaid
from storage.prepaid import Known
from storage.units import from_nanos

WATCHED_MIN = timedelta(hours=6)
"""Before that nothing is said about the pace."""
STAGES: tuple[tuple[str, int], ...] = (("week", 7), ("days", 2))
"""What finance is told of: that it lasts for no more than so many days."""
EMPTY = "empty"
ORDER = ("", *(name for name, _ in STAGES), EMPTY)
DAY = timedelta(days=1)


def day_nanos(known: Known, now: datetime) -> Decimal | None:
    """By how much a credit falls a day of late, in 10⁻⁹ of its currency; None if it was not watched for long enough."""
    begin = max(known.since, datetime.combine(prepaid.first_day(now), time(), UTC))
    watched = now - begin
    return None if watched < WATCHED_MIN else known.used_nanos / Decimal(watched / DAY)


def days_left(known: Known, now: datetime) -> Decimal | None:
    """For how many days it lasts at this pace; None if that is not known or it does not fall."""
    pace = day_nanos(known, now)
    return max(known.credit.left_nanos, 0) / pace if pace else None


def stage(known: Known, now: datetime) -> str:
    """How near the end is: "", "week", "days" or "empty"."""
    if known.credit.left_nanos <= 0:
        return EMPTY
    left = days_left(known, now)
    near = [name for name, days in STAGES if left is not None and left <= days]
    return near[-1] if near else ""


def credits_here(ctx: Context) -> list[Known]:
    """The credits at providers that app.yaml names."""
    named = {each.name for each in ctx.policy.vendors}
    return [each for each in prepaid.of_all(ctx.conn, ctx.now) if each.credit.provider in named]


def check_credit(ctx: Context, _event: CheckCredit) -> None:
    """Tell finance of credit that will soon be used up: once at each stage, and anew after it was topped up."""
    found = []
    for each in credits_here(ctx):
        now = stage(each, ctx.now)
        if ORDER.index(now) > ORDER.index(each.told):
            found.append(each)
        if now != each.told:
            prepaid.note_told(ctx.conn, each.credit, now)
    at = f"{ctx.now:%Y-%m-%dT%H:%M:%S.%f}"
    for each in found:
        key = f"credit/{each.credit.provider}/{each.credit.currency}/{at}"
        tell_finance(ctx, key, partial(_news, known=each))


def short_credits(ctx: Context) -> list[Known]:
    """The credits of which finance has to look after now."""
    return [each for each in credits_here(ctx) if stage(each, ctx.now)]


def credit_said(ctx: Context, known: Known) -> str:
    """What is left and how long it lasts, such as "¥412.00, about 3 days"."""
    amount = _amount(ctx, known.credit.left_nanos, known)
    if known.credit.left_nanos <= 0:
        return ctx.t("{amount}: used up", amount=amount)
    lasts = days_left(known, ctx.now)
    if lasts is None:
        return amount
    if lasts < 1:
        return ctx.t("{amount}, less than a day", amount=amount)
    return ctx.nt("{amount}, about {n} day", "{amount}, about {n} days", int(lasts), amount=amount)


def credits_said(ctx: Context, here: Sequence[Known]) -> str:
    """The same of the currencies of one provider."""
    return ctx.listed([credit_said(ctx, each) for each in here])


def _news(ctx: Context, known: Known) -> Card:
    service = next(each.service for each in ctx.policy.vendors if each.name == known.credit.provider)
    values = {"service": service, "credit": credit_said(ctx, known)}
    is_empty = known.credit.left_nanos <= 0
    title = ctx.t("Credit at {service}: {credit}", **values)
    pace = day_nanos(known, ctx.now)
    blocks = []
    if pace:
        blocks.append(Text(ctx.t("It fell by {amount} a day lately.", amount=_amount(ctx, int(pace), known))))
    if known.credit.granted_nanos > 0 and not is_empty:
        given = _amount(ctx, known.credit.granted_nanos, known)
        blocks.append(Text(ctx.t("{amount} of it was given by the vendor and may expire.", amount=given)))
    if is_empty:
        blocks.append(Text(ctx.t("{service} refuses all calls, of everybody, until it is topped up.", **values)))
    else:
        blocks.append(Text(ctx.t("At 0 {service} refuses all calls, of everybody. Top it up there.", **values)))
    urgent = stage(known, ctx.now) != STAGES[0][0]
    return Card(title, tuple(blocks), "bad" if urgent else "warn")


def _amount(ctx: Context, nanos: int, known: Known) -> str:
    return ctx.amount(from_nanos(nanos, known.credit.currency), known.credit.currency)
