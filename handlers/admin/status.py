"""How the bot itself is doing."""

from handlers.access import sees_all
from handlers.card import Block, Button, Card, Facts, Table
from handlers.context import Context
from handlers.errors import RefusedError
from handlers.pricing import in_short, unpriced_models
from storage import outbox, pulls


def status(ctx: Context) -> Card:
    """Whether Bursar works: what was read from providers, and what could not be delivered. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can see this.")
    waiting, reads = outbox.waiting(ctx.conn), pulls.pulled(ctx.conn)
    rows = tuple(
        (
            pull.provider,
            ctx.moment(pull.done_at) if pull.done_at else ctx.t("never"),
            str(pull.rows_seen),
            pull.error or ctx.t("none"),
        )
        for pull in reads
    )
    unpriced = unpriced_models(ctx)
    outside = ((ctx.t("Without a price"), in_short(ctx, unpriced)),) if unpriced else ()
    blocks: list[Block] = [
        Facts(
            (
                (ctx.t("Waiting to be delivered"), str(waiting.get("open", 0))),
                (ctx.t("Stopped trying"), str(waiting.get("parked", 0))),
                *outside,
            ),
        ),
        Table(
            ctx.t("Providers"),
            (ctx.t("Provider"), ctx.t("Last read"), ctx.t("Rows"), ctx.t("Error")),
            rows,
            "llrl",
        ),
    ]
    troubled = tuple((item.key, str(item.attempts), item.error) for item in outbox.troubled(ctx.conn))
    if troubled:
        columns = (ctx.t("What"), ctx.t("Attempts"), ctx.t("Error"))
        blocks.append(Table(ctx.t("Not delivered"), columns, troubled, "lrl"))
    well = not troubled and not any(each.error for each in reads)
    if not well:
        title = ctx.t("A provider or a chat platform does not answer")
    elif unpriced:
        title = ctx.t("Everything works, but no price is known for {what}", what=in_short(ctx, unpriced))
    else:
        title = ctx.t("Everything works")
    if unpriced:
        blocks.append(Button(ctx.t("Which models have no price?"), "price"))
    if waiting.get("parked"):
        blocks.append(Button(ctx.t("Try again"), "retry"))
    return Card(title, tuple(blocks), "good" if well and not unpriced else "warn")


def retry(ctx: Context) -> Card:
    """Try again what could not be delivered, once the cause is corrected. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can do this.")
    count = outbox.reopen(ctx.conn, ctx.now)
    title = ctx.nt("{n} delivery is tried again", "{n} deliveries are tried again", count)
    return Card(title, (Button(ctx.t("Status"), "status"),))
