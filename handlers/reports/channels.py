"""Channels that take nothing any more: archived, gone, or the bot was removed."""

import json
from dataclasses import replace

from handlers.card import Button, Card, Text
from handlers.context import Context
from handlers.events import ChannelClosed
from handlers.place import Place
from storage import outbox, people
from storage.directory import Person
from storage.outbox import OutboxItem


def channel_closed(ctx: Context, event: ChannelClosed) -> None:
    """Tell whoever had something posted there, once a month for as long as it goes on."""
    item = outbox.find(ctx.conn, event.key)
    if item is None or not item.error:
        return
    payload = json.loads(item.payload)
    place = Place(**payload["place"])
    scheduled = outbox.find(ctx.conn, item.key.removesuffix(f"@{place}"))
    of_budgets = [each.name for each in ctx.policy.budgets if each.alert_in == f"{place.platform}:{place.id}"]
    if payload.get("below") or (scheduled is None and not of_budgets):
        return
    for person in _told(ctx, scheduled):
        reader = replace(ctx, person=person)
        if scheduled:
            words = json.loads(scheduled.payload)["sentence"]
            what = reader.t("“{words}” is scheduled there (schedule: in app.yaml).", words=words)
        else:
            what = reader.t("Alerts of budget {name} go there (alert_in: in app.yaml).", name=of_budgets[0])
        title = reader.t("I can't post to {place}", place=f"{place.platform}:{place.id}")
        blocks = (Text(reader.said(item.error)), Text(what), Button(reader.t("Status"), "status"))
        reader.tell(person.id, f"closed/{place.platform}:{place.id}/{ctx.today:%Y-%m}", Card(title, blocks, "warn"))


def _told(ctx: Context, scheduled: OutboxItem | None) -> list[Person]:
    """Who set it: the owner that app.yaml names, else the admins, else finance."""
    owner = ctx.somebody(json.loads(scheduled.payload).get("owner", "")) if scheduled else None
    if owner and owner.active:
        return [owner]
    return people.people_with_role(ctx.conn, "admin") or people.people_with_role(ctx.conn, "finance")
