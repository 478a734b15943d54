"""What is older than app.yaml lets it be is forgotten."""

from datetime import timedelta

from handlers.context import Context
from handlers.events import ForgetMonths, ForgetOld
from storage import partitions, receipts, retention

ONE_DAY = timedelta(days=1)


def forget_old(ctx: Context, _event: ForgetOld) -> None:
    """Forget what is older than it may be; what is left of it, an hour later. And make room for the months to come."""
    partitions.ensure_ahead(ctx.conn, ctx.now)
    rules = ctx.policy.retention
    parts = (
        (rules.message_days, retention.messages),
        (rules.version_days, retention.versions),
        (rules.set_aside_days, retention.rows_set_aside),
        (rules.telemetry_days, retention.told_by_programs),
        (rules.token_days, retention.ended_tokens),
    )
    receipts.forget_strays(ctx.conn, ctx.now - ONE_DAY)
    receipts.forget(ctx.conn, ctx.now - ctx.policy.claims.receipt_days * ONE_DAY)
    for days, forget in parts:
        if days is not None:
            forget(ctx.conn, ctx.now - days * ONE_DAY)
    if rules.reason_days is not None:
        before = ctx.now - rules.reason_days * ONE_DAY
        retention.reasons(ctx.conn, before, before.date())


def forget_months(ctx: Context, _event: ForgetMonths) -> None:
    """Forget charges of months that are over for long. By itself: whoever asks about charges waits until it ends."""
    months = ctx.policy.retention.charge_months
    if months is not None:
        retention.charges_of_months(ctx.conn, partitions.months_before(ctx.now, months), ctx.now)
