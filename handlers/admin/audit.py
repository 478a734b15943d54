"""The audit, to look at: who did what, to what, when, on whose authority and from where. Nothing is decided by it."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated

from handlers.access import sees_all
from handlers.arguments import AsFile, OneOf, Page, When, Whom
from handlers.card import Block, Button, Card, Table, Text
from handlers.context import CLOCK, NOWHERE, Context
from handlers.deeds import deed_in_words, delegates, right_in_words, subject_in_words
from handlers.errors import RefusedError
from handlers.pages import ROWS_MAX, Cell, as_file
from handlers.spans import Span
from storage import audit as deeds
from storage import people
from storage.audit import Row
from storage.directory import Person

Act = Annotated[str, OneOf("", ("list", "verify"))]
DETAILS_MAX = 160
FILE_ROWS_MAX = 5_000
COLUMNS = ("number", "at", "who", "what", "subject", "authority", "place", "details", "hash")


def audit(
    ctx: Context, act: Act = "list", whom: Whom = None, period: When = None, page: Page = 1, as_csv: AsFile = False
) -> Card:
    """Who did what, the latest first: “audit”, “audit last week”. For finance and admins.

    “audit of ana last week” shows what Ana did and what was done to her. “audit page 2” goes further back,
    “audit last month as csv” sends them as a file, and “audit verify” checks that no row was changed or removed.
    """
    if not sees_all(ctx):
        raise RefusedError("Only finance and admins can see this.")
    if act == "verify":
        return _verified(ctx)
    about = (whom.person_id, whom.id) if whom else None
    since, until = _moments(ctx, period)
    total = deeds.count(ctx.conn, about, since, until)
    title = ctx.nt("{n} entry in the audit", "{n} entries in the audit", total)
    if as_csv:
        if total > FILE_ROWS_MAX:
            raise RefusedError("{n} entries are too many for a file. Name a shorter period.", n=total)
        rows = deeds.latest(ctx.conn, about, since, until, FILE_ROWS_MAX, 0)
        return as_file(ctx, title, f"audit-{ctx.today}", COLUMNS, (_cells(row) for row in rows))
    pages = max(1, -(-total // ROWS_MAX))
    number = min(max(1, page), pages)
    found = deeds.latest(ctx.conn, about, since, until, ROWS_MAX, (number - 1) * ROWS_MAX)
    blocks: list[Block] = [_table(ctx, found)] if found else []
    says = " ".join(
        ["audit", *([f"of {whom.id.replace('/', ' ')}"] if whom else []), *([period.words] if period else [])]
    )
    if number < pages:
        blocks.append(Button(ctx.t("Earlier"), f"{says} page {number + 1}"))
    if number > 1:
        blocks.append(Button(ctx.t("Later"), f"{says} page {number - 1}"))
    blocks += [Button(ctx.t("All as CSV"), f"{says} as csv")] if pages > 1 else []
    blocks.append(Button(ctx.t("Is it complete?"), "audit verify"))
    return Card(title, tuple(blocks))


def _moments(ctx: Context, period: Span | None) -> tuple[datetime | None, datetime | None]:
    """The beginning and the end of a period by the organization's clock."""
    if period is None:
        return None, None
    first, end = (datetime.combine(day, time(), ctx.policy.zone) for day in (period.first, period.end))
    return first, end


def _cells(row: Row) -> tuple[Cell, ...]:
    """An entry as it was written, in the columns of the command line's export."""
    deed = row.deed
    at = deed.at.isoformat(timespec="microseconds")
    return row.id, at, deed.who, deed.what, deed.subject, deed.authority, deed.place, deed.details, row.hash


def _actor(names: Mapping[str, Person], who: str) -> str:
    """A person's name; what nobody ordered was done by Bursar itself."""
    if who in names:
        return names[who].name
    return "Bursar" if who == CLOCK.id else who


def _table(ctx: Context, found: list[Row]) -> Table:
    ids = {one for row in found for one in (row.deed.who, *delegates(row.deed))}
    names = people.persons(ctx.conn, ids)
    called = {one: person.name for one, person in names.items()}
    ctx.look_up({row.deed.subject for row in found})
    rows = tuple(
        (
            ctx.moment(row.deed.at),
            _actor(names, row.deed.who),
            deed_in_words(ctx, row.deed),
            subject_in_words(ctx, row.deed),
            right_in_words(ctx, row.deed, called),
            row.deed.details[:DETAILS_MAX],
            "" if row.deed.place.startswith(f"{NOWHERE.platform}:") else row.deed.place,
        )
        for row in found
    )
    heads = (
        ctx.t("When"),
        ctx.t("Who"),
        ctx.t("Did what"),
        ctx.t("To what"),
        ctx.t("Authority"),
        ctx.t("Details"),
        ctx.t("From where"),
    )
    return Table(ctx.t("The latest first"), heads, rows, "l" * len(heads))


def _verified(ctx: Context) -> Card:
    broken = deeds.first_broken(ctx.conn)
    if broken is None:
        return Card(ctx.t("The audit is complete: every row follows from the one before."), tone="good")
    why = ctx.t("It, or one before it, was changed or removed.")
    return Card(ctx.t("Row {n} of the audit does not follow from the one before", n=broken), (Text(why),), "bad")
