"""What people may have otherwise: their own private note of the week."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from handlers.arguments import OneOf
from handlers.card import Button, Card, Text
from handlers.context import Context
from handlers.events import SendNotes
from handlers.policy import is_working, next_workday
from handlers.reports.digest import digest
from storage import people, preferences
from storage.directory import Person

WEEKLY, SENT = "weekly", "note sent"

OnOff = Annotated[str, OneOf(WEEKLY, ("on", "off"))]


def settings(ctx: Context, weekly: OnOff = "") -> Card:
    """Show or change your private weekly summary.

    `settings weekly on` sends you a summary of what you spent and why, every Monday. Only you see it.
    """
    if weekly:
        preferences.prefer(ctx.conn, ctx.person.id, WEEKLY, weekly)
    on = preferences.preferred(ctx.conn, ctx.person.id).get(WEEKLY) == "on"
    first = Text(ctx.t("Every Monday: what you spent, what changed and why. Only you see it."))
    turn_off = Button(ctx.t("Turn off"), "settings weekly off")
    change = turn_off if on else Button(ctx.t("Turn on"), "settings weekly on")
    title = ctx.t("Your weekly summary is on") if on else ctx.t("Your weekly summary is off")
    return Card(title, (first, change))


def send_notes(ctx: Context, _event: SendNotes) -> None:
    """Send the private notes of the week that are due."""
    wanted = [people.person(ctx.conn, each) for each in preferences.who_prefers(ctx.conn, WEEKLY, "on")]
    for each in wanted:
        if each and each.active and _is_due(ctx, each):
            _send(replace(ctx, person=each))


def _is_due(ctx: Context, person: Person) -> bool:
    """Whether it is working time on the first working day of the person's week, and nothing was sent yet."""
    zone = ZoneInfo(person.zone or ctx.policy.organization.zone)
    today = ctx.now.astimezone(zone).date()
    first = next_workday(today - timedelta(days=today.weekday()), ctx.policy.working)
    sent = preferences.preferred(ctx.conn, person.id).get(SENT)
    return today == first and sent != str(first) and is_working(ctx.now, ctx.policy.working, zone)


def _send(theirs: Context) -> None:
    today = theirs.now.astimezone(ZoneInfo(theirs.person.zone or theirs.policy.organization.zone)).date()
    preferences.prefer(theirs.conn, theirs.person.id, SENT, str(today))
    card = digest(theirs, theirs.account(theirs.account_id))
    if not card.idle:
        theirs.tell(theirs.person.id, f"note/{theirs.person.id}/{today}", card.whole)
