"""How the bot itself is doing."""

from handlers.access import sees_all
from handlers.card import Block, Button, Card, Facts, Table
from handlers.context import Context
from handlers.errors import RefusedError
from storage import outbox, pulls


def status(ctx: Context) -> Card:
    """How Bursar is doing: what was read from providers, and what could not be delivered."""
    if not sees_all(ctx):
        raise RefusedError("The status is for finance and admins.")
    waiting = outbox.waiting(ctx.conn)
    rows = tuple(
        (
            pull.provider,
            ctx.moment(pull.done_at) if pull.done_at else "never",
            str(pull.rows_seen),
            pull.error or "none",
        )
        for pull in pulls.pulled(ctx.conn)
    )
    blocks: list[Block] = [
        Facts((("Waiting to be delivered", str(waiting.get("open", 0))), ("Given up", str(waiting.get("parked", 0))))),
        Table("Providers", ("Provider", "Last read", "Rows", "Trouble"), rows, "llrl"),
    ]
    troubled = tuple((item.key, str(item.attempts), item.error) for item in outbox.troubled(ctx.conn))
    if troubled:
        blocks.append(Table("Not delivered", ("What", "Attempts", "Why"), troubled, "lrl"))
    well = not troubled and not any(row[3] != "none" for row in rows)
    title = "All is well" if well else "Something outside does not answer"
    if waiting.get("parked"):
        blocks.append(Button("Try again what was given up", "retry"))
    return Card(title, tuple(blocks), "good" if well else "warn")


def retry(ctx: Context) -> Card:
    """Try again what was given up, once its cause is mended; for finance and admins."""
    if not sees_all(ctx):
        raise RefusedError("That is for finance and admins.")
    count = outbox.reopen(ctx.conn, ctx.now)
    return Card(f"{count} tried again", (Button("Status", "status"),))
