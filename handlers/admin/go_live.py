"""A restored copy goes live: until somebody says so it sends nothing and sets no limit, for the world has gone on."""

from datetime import timedelta
from typing import Annotated

from handlers.access import role_of
from handlers.arguments import OneOf
from handlers.card import Button, Card, Facts, Text
from handlers.context import Context
from handlers.errors import RefusedError
from storage import installation, outbox

SEND, DROP = "send", "drop"
What = Annotated[str, OneOf("", (SEND, DROP))]


def go_live(ctx: Context, waiting: What = "") -> Card:
    """Let a restored copy send messages and set limits again: “go-live send”. For admins.

    “go-live drop” forgets the messages that waited when the backup was made: they were sent since, or are old news.
    """
    if "admin" not in ctx.person.roles:
        raise RefusedError("Only admins can do this.")
    held = installation.noted(ctx.conn, installation.RESTORED)
    if held is None:
        raise RefusedError("This is no restored copy: messages and limits go out already.")
    count = outbox.waiting(ctx.conn, ctx.now, timedelta()).get("open", 0)
    if not waiting:
        facts = ((ctx.t("Restored"), ctx.moment(held[1])), (ctx.t("From"), held[0]), (ctx.t("Waiting"), str(count)))
        said = ctx.t("Limits that were changed at providers since are not overwritten without asking.")
        buttons = (
            Button(ctx.t("Go live, forget the messages"), f"go-live {DROP}"),
            Button(ctx.t("Go live, send the messages"), f"go-live {SEND}"),
        )
        return Card(ctx.t("Nothing is sent or limited yet"), (Facts(facts), Text(said), *buttons), "warn")
    dropped = outbox.drop_messages(ctx.conn) if waiting == DROP else 0
    installation.end(ctx.conn, installation.RESTORED)
    ctx.deed("went live", "database", role_of(ctx), f"{held[0]}: {dropped} messages dropped")
    left = ctx.nt("{n} message that waited was dropped.", "{n} messages that waited were dropped.", dropped)
    return Card(ctx.t("Messages and limits go out again"), (Text(left),) if dropped else (), "good")
