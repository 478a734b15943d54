"""How the bot itself is doing."""

from handlers.access import sees_all
from handlers.card import Block, Button, Card, Facts, Table
from handlers.context import Context
from handlers.errors import RefusedError
from storage import outbox, pulls


def status(ctx: Context) -> Card:
    """Whether Bursar works: what was read from providers, and what could not be delivered. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can see this.")
    waiting, reads = outbox.waiting(ctx.conn, ctx.now), pulls.pulled(ctx.conn)
    rows = tuple(
        (
            pull.provider,
            ctx.moment(pull.done_at) if pull.done_at else ctx.t("never"),
            str(pull.rows_seen),
            pull.error or ctx.t("none"),
        )
        for pull in reads
    )
    blocks: list[Block] = [
        Facts(
            (
                (ctx.t("Waiting to be delivered"), str(waiting.get("open", 0))),
                (ctx.t("Stopped trying"), str(waiting.get("parked", 0))),
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
    title = ctx.t("Everything works") if well else ctx.t("A provider or a chat platform does not answer")
    if waiting.get("parked"):
        blocks.append(Button(ctx.t("Try again"), "retry"))
    return Card(title, tuple(blocks), "good" if well else "warn")


def retry(ctx: Context) -> Card:
    """Try again what could not be delivered, once the cause is corrected. For finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can do this.")
    count = outbox.reopen(ctx.conn, ctx.now)
    title = ctx.nt("{n} delivery is tried again", "{n} deliveries are tried again", count)
    return Card(title, (Button(ctx.t("Status"), "status"),))
