"""What could not be understood of a provider's answers: finance is told once, and whoever looks sees all of it."""

from collections.abc import Sequence

from handlers.card import Button, Card, Table, Text
from handlers.context import Context
from handlers.events import ReportSetAside
from handlers.language import N_
from handlers.notify import tell_finance
from storage import set_aside
from storage.set_aside import Aside

ROWS_MAX = 20
PARTS = {
    "usage": N_("usage"),
    "hours": N_("usage by the hour"),
    "people": N_("people"),
    "limits": N_("limits"),
    "seats": N_("seats"),
    "credit": N_("prepaid credit"),
    "requests": N_("requests for more"),
    "outcomes": N_("outcomes"),
}


def report_set_aside(ctx: Context, event: ReportSetAside) -> None:
    """Tell finance what could not be understood, each kind of trouble once for as long as it stands."""
    news = set_aside.untold(ctx.conn, event.provider)
    if news:
        tell_finance(ctx, f"set-aside/{event.provider}/{ctx.now:%Y-%m-%dT%H:%M:%S}", lambda reader: _card(reader, news))
        set_aside.note_told(ctx.conn, event.provider)


def _card(ctx: Context, news: Sequence[Aside]) -> Card:
    name = news[0].provider
    vendor = ctx.policy.vendor(name)
    return Card(
        said(ctx, vendor.service if vendor else name, news),
        (
            Text(
                ctx.t(
                    "Everything else was read. The figures say what is not in them. Bursar reads these days again "
                    "until it understands them. If it goes on, report it with this table: it holds no secrets."
                )
            ),
            table(ctx, news),
            Button(ctx.t("Providers"), f"providers {name}"),
        ),
        "warn",
    )


def said(ctx: Context, service: str, found: Sequence[Aside]) -> str:
    """How much of a provider's answers was set aside or could not be read."""
    rows = sum(each.rows or 0 for each in found)
    if rows:
        return ctx.nt("{service}: {n} row set aside", "{service}: {n} rows set aside", rows, service=service)
    days = sum(each.day is not None for each in found)
    if days:
        return ctx.nt("{service}: {n} day not read", "{service}: {n} days not read", days, service=service)
    parts = ctx.listed(sorted({ctx.t(PARTS[each.part]) for each in found}))
    return ctx.t("{service}: not read: {parts}", service=service, parts=parts)


def table(ctx: Context, found: Sequence[Aside]) -> Table:
    """Where it stood, and what was wrong with it."""
    rows = tuple(
        (
            ctx.day(each.day) if each.day else ctx.t(PARTS[each.part]),
            str(each.rows) if each.rows else ctx.t("all"),
            each.field,
            ctx.said(each.why),
            ctx.said(each.place),
        )
        for each in found[:ROWS_MAX]
    )
    columns = (ctx.t("Of"), ctx.t("Rows"), ctx.t("Field"), ctx.t("What is wrong"), ctx.t("Where"))
    more = len(found) - ROWS_MAX
    caption = ctx.t("Set aside")
    if more > 0:
        caption = ctx.nt("Set aside, and {n} more", "Set aside, and {n} more", more)
    return Table(caption, columns, rows, "lrlll")
